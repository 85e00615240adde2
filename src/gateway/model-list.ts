// The models that a key may use, listed and one by one, as each maker's clients know them: Anthropic's say by a header that it
// is they who ask. Whatever a caller may not use is unknown. Nothing is told of a model but its name.
import { Failure } from "../terms/failure.ts";
import { Name } from "../terms/ids.ts";
import type { Format } from "../wire/format.ts";

const root = "/v1/models";

export function isModelsPath(pathname: string): boolean {
  return pathname === root || pathname.startsWith(`${root}/`);
}

/** The answer at this address; always all models on one page. Throws `model_unknown` for a name that is not among them. */
export function modelList(pathname: string, models: readonly Name[], format: Format["name"]): object {
  const isAnthropic = format === "messages";
  const shown = isAnthropic ? anthropicModel : openAiModel;
  if (pathname === root) {
    const data = models.map(shown);
    if (!isAnthropic) return { object: "list", data };
    return { data, first_id: models[0] ?? null, last_id: models.at(-1) ?? null, has_more: false };
  }
  const name = Name.safeParse(pathname.slice(root.length + 1)).data;
  const found = models.find((model) => model === name);
  if (found === undefined) throw new Failure("model_unknown", "");
  return shown(found);
}

function openAiModel(id: Name): object {
  return { id, object: "model", created: 0, owned_by: "headgate" };
}

/** The beginning of time is what this format says where a date is not known. */
function anthropicModel(id: Name): object {
  return {
    type: "model",
    id,
    display_name: id,
    created_at: "1970-01-01T00:00:00Z",
    deprecated_at: null,
    retires_at: null,
    lifecycle: "active",
    capabilities: null,
    line: null,
    max_input_tokens: null,
    max_tokens: null,
  };
}
