// What is typed or written so that a client calls this deployment: docs/connect.md in lines to copy.
export const clients = ["openai", "anthropic", "codex", "curl"] as const;
export type Client = (typeof clients)[number];

export interface Around {
  /** Of the data plane, without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly model: string;
}

export const linesFor: { readonly [K in Client]: (around: Around) => string } = {
  openai: ({ url, key }) => `export OPENAI_BASE_URL=${url}/v1\nexport OPENAI_API_KEY=${key}`,
  anthropic: ({ url, key }) => `export ANTHROPIC_BASE_URL=${url}\nexport ANTHROPIC_API_KEY=${key}`,
  codex: ({ url, key, model }) => `# ~/.codex/config.toml
model = "${model}"
model_provider = "headgate"
web_search = "disabled"

[model_providers.headgate]
name = "Headgate"
base_url = "${url}/v1"
env_key = "HEADGATE_KEY"
wire_api = "responses"

# in the shell:
# export HEADGATE_KEY=${key}`,
  curl: ({ url, key, model }) => `curl ${url}/v1/chat/completions \\
  -H "authorization: Bearer ${key}" \\
  -H "content-type: application/json" \\
  -d '{"model":"${model}","messages":[{"role":"user","content":"Say hello."}],"max_tokens":60}'`,
};
