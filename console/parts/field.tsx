// A field for text: label, input, what it is for, and what is wrong with what was typed.
import type { ReactNode } from "react";
import { FieldError } from "react-aria-components/FieldError";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { Text } from "react-aria-components/Text";
import { TextArea } from "react-aria-components/TextArea";
import { TextField } from "react-aria-components/TextField";
import styles from "./field.module.css";

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help?: string;
  /** What is wrong, in a sentence; nothing where it is right. */
  readonly wrong?: string | undefined;
  readonly rows?: number;
  readonly type?: "text" | "search" | "email" | "number" | "password";
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
  readonly maxLength?: number;
  readonly placeholder?: string;
  readonly autoFocus?: boolean;
  /** A key is no password that a browser should fill in. */
  readonly autoComplete?: "off";
}

export function Field({ label, help, wrong, rows, placeholder, ...rest }: FieldProps): ReactNode {
  const hint = placeholder === undefined ? {} : { placeholder };
  return (
    <TextField {...rest} className={styles.field ?? ""} isInvalid={wrong !== undefined} validationBehavior="aria">
      <Label className={styles.label ?? ""}>{label}</Label>
      {rows === undefined ? (
        <Input className={styles.input ?? ""} {...hint} />
      ) : (
        <TextArea className={styles.input ?? ""} rows={rows} {...hint} />
      )}
      {help === undefined ? null : (
        <Text slot="description" className={styles.help ?? ""}>
          {help}
        </Text>
      )}
      <FieldError className={styles.wrong ?? ""}>{wrong}</FieldError>
    </TextField>
  );
}
