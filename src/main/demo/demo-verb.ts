// `headgate demo erase`: removes what the demo of `npm start` left in ./data-demo and ./data-demo-keys.
import { z } from "zod";
import { done } from "../../cli/answer.ts";
import type { ExtraVerb } from "../../cli/program.ts";
import { addVerb } from "../../cli/verb.ts";
import { demoFolder, eraseDemo } from "./folder.ts";

const noOptions = z.object({});

export const addDemoVerb: ExtraVerb = (program, context) => {
  const demo = program.command("demo").description("the demo that `npm start` plays where there is no deployment");
  addVerb(demo, context, {
    usage: "erase",
    summary: "remove ./data-demo and ./data-demo-keys; the next `npm start` plays from the beginning",
    options: noOptions,
    run: async () => {
      const folder = demoFolder(".");
      const erased = eraseDemo(folder);
      const text = erased ? `Erased ${folder.data} and ${folder.keys}.` : `There is no demo in ${folder.data}.`;
      return done({ erased, data: folder.data, keys: folder.keys }, text);
    },
  });
};
