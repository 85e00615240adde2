// Where the console begins in a browser.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./app/console.tsx";
import { allowOwnWorkers } from "./app/trusted-types.ts";
// oxlint-disable import/no-unassigned-import -- style sheets have nothing to be called
import "./tokens.css";
import "./base.css";

allowOwnWorkers();
const place = document.querySelector("#console");
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <Console />
    </StrictMode>,
  );
}
