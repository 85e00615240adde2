// A dialog over the page: it keeps the focus, closes with Escape, and gives the focus back.
import type { ReactNode } from "react";
import { Dialog as Inside } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import styles from "./dialog.module.css";

export interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** For what must be answered: a press beside it does not close it. */
  readonly mustAnswer?: boolean;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}

export function Dialog({ title, isOpen, onClose, mustAnswer, children, actions }: DialogProps): ReactNode {
  return (
    <ModalOverlay
      className={styles.veil ?? ""}
      isOpen={isOpen}
      isDismissable={mustAnswer !== true}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={styles.modal ?? ""}>
        <Inside className={styles.dialog ?? ""}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          <div className={styles.content}>{children}</div>
          {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
        </Inside>
      </Modal>
    </ModalOverlay>
  );
}
