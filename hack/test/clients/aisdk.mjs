import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { abortAfter, depthTool, pixel, place } from "./shared.mjs";

export function aiSDK({ baseURL, apiKey, model: name }) {
  const provider = createOpenAICompatible({ name: "plimsoll", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true });
  const model = provider(name);
  const ask = (prompt) => generateText({ model, prompt, maxRetries: 2 });
  const toolsOf = (t) => ({
    [t.name]: tool({ description: t.description, inputSchema: z.object({ place: z.string() }), execute: async (args) => t.run(args) }),
  });
  const tools = async (prompt) => {
    const t = depthTool();
    const r = await generateText({ model, prompt, tools: toolsOf(t), stopWhen: stepCountIs(5) });
    return { text: r.text, asked: t.asked };
  };
  return {
    chat: async () => {
      const r = await ask("#hello");
      return { text: r.text, tokens: r.usage.totalTokens };
    },
    stream: async () => {
      const r = streamText({ model, prompt: "#hello" });
      let text = "";
      for await (const part of r.textStream) text += part;
      return { text, tokens: (await r.usage).totalTokens };
    },
    tools: () => tools("#tool how deep"),
    rounds: () => tools("#rounds how deep"),
    "tools streamed": async () => {
      const t = depthTool();
      const r = streamText({ model, prompt: "#tool how deep", tools: toolsOf(t), stopWhen: stepCountIs(5) });
      let text = "";
      for await (const part of r.textStream) text += part;
      return { text, asked: t.asked };
    },
    structured: async () => (await generateText({ model, prompt: "where", output: Output.object({ schema: place, name: "place" }) })).output,
    image: async () => {
      const r = await generateText({
        model, messages: [{ role: "user", content: [{ type: "text", text: "#hello what is it" }, { type: "image", image: pixel }] }],
      });
      return { text: r.text };
    },
    embeddings: async () => {
      const r = await embedMany({ model: provider.textEmbeddingModel("gemini-embedding-001"), values: ["four fathoms", "high water"] });
      return { vectors: r.embeddings.map((v) => v.length) };
    },
    abort: async () => {
      const controller = new AbortController();
      const r = streamText({ model, prompt: "#slow", abortSignal: controller.signal, onError: () => {} });
      return abortAfter(controller, r.textStream, (p) => p);
    },
    empty: async () => {
      const r = await ask("#empty");
      return { text: r.text, finish: r.finishReason };
    },
    day: () => ask("#day"),
    key: () => ask("#key"),
    blocked: () => ask("#blocked"),
    busy: () => ask("#busy"),
  };
}
