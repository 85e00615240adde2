// What went wrong, with its code, its cause and what to do: the sentence that the command line and the API say, and the line of
// docs/errors.md about its code.
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { useSessionState } from "../app/session.tsx";
import { Failure } from "../../src/terms/failure.ts";
import { words } from "../words/words.ts";
import { Button } from "./button.tsx";
import { Notice } from "./notice.tsx";
import styles from "./problem.module.css";

export interface ProblemProps {
  readonly failure: unknown;
  readonly retry?: (() => void) | undefined;
}

export function Problem({ failure, retry }: ProblemProps): ReactNode {
  const said = words.parts.problem;
  const { code, message } =
    failure instanceof Failure ? failure : { code: said.unexpectedCode, message: said.unexpected };
  const advice = useQuery({
    queryKey: ["advice"],
    queryFn: async () => (await import("./advice.ts")).advice,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { askToSignIn } = useSessionState();
  useEffect(() => {
    if (code === "session_missing") askToSignIn();
  }, [code, askToSignIn]);
  const whatToDo = advice.data?.get(code);
  return (
    <div role="alert">
      <Notice kind="danger" title={said.title}>
        <p>{message}</p>
        <dl className={styles.list}>
          <dt>{said.code}</dt>
          <dd>
            <code>{code}</code>
          </dd>
          {whatToDo === undefined ? null : (
            <>
              <dt>{said.whatToDo}</dt>
              <dd>{whatToDo}</dd>
            </>
          )}
        </dl>
        {retry === undefined ? null : (
          <p className={styles.again}>
            <Button small onPress={retry}>
              {said.again}
            </Button>
          </p>
        )}
      </Notice>
    </div>
  );
}
