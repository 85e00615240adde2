// A button. `primary` is the one thing to do here, `quiet` any other, `danger` what stops or takes away.
import type { ReactNode } from "react";
import { Button as Pressable } from "react-aria-components/Button";
import { classes } from "./classes.ts";
import styles from "./button.module.css";

export interface ButtonProps {
  readonly kind?: "primary" | "quiet" | "danger";
  readonly onPress?: () => void;
  readonly isDisabled?: boolean;
  readonly type?: "button" | "submit";
  /** For the one thing that whoever opens a dialog most likely wants. */
  readonly autoFocus?: boolean;
  /** What it is for those who hear it, where its text alone does not say. */
  readonly label?: string | undefined;
  readonly small?: boolean;
  readonly children: ReactNode;
}

export function Button({ kind = "quiet", label, small, children, type = "button", ...rest }: ButtonProps): ReactNode {
  return (
    <Pressable
      {...rest}
      type={type}
      {...(label === undefined ? {} : { "aria-label": label })}
      className={classes(styles.button, styles[kind], small === true && styles.small)}
    >
      {children}
    </Pressable>
  );
}
