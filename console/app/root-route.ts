// The route above all others: the shell, an error of a page shown inside it, and a page for addresses that lead nowhere.
import { createRootRoute } from "@tanstack/react-router";
import { LostPage } from "./lost-page.tsx";
import { Shell } from "./shell.tsx";

export const rootRoute = createRootRoute({ component: Shell, notFoundComponent: LostPage });
