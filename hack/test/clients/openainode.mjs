import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { abortAfter, depthTool, pixel, place, placeSchema } from "./shared.mjs";

export function openAINode({ baseURL, apiKey, model }) {
  const client = new OpenAI({ baseURL, apiKey });
  const ask = (content, more) => client.chat.completions.create({ model, messages: [{ role: "user", content }], ...more });
  const tools = async (content) => {
    const tool = depthTool();
    const runner = client.chat.completions.runTools({
      model,
      messages: [{ role: "user", content }],
      tools: [{ type: "function", function: { name: tool.name, description: tool.description, parameters: placeSchema, parse: JSON.parse, function: tool.run } }],
    });
    return { text: await runner.finalContent(), asked: tool.asked };
  };
  const toolsStreamed = async (content) => {
    const tool = depthTool();
    const runner = client.chat.completions.runTools({
      model,
      stream: true,
      messages: [{ role: "user", content }],
      tools: [{ type: "function", function: { name: tool.name, description: tool.description, parameters: placeSchema, parse: JSON.parse, function: tool.run } }],
    });
    return { text: await runner.finalContent(), asked: tool.asked };
  };
  return {
    chat: async () => {
      const c = await ask("#hello");
      return { text: c.choices[0].message.content, tokens: c.usage.total_tokens };
    },
    stream: async () => {
      let text = "", tokens = 0;
      for await (const chunk of await ask("#hello", { stream: true, stream_options: { include_usage: true } })) {
        text += chunk.choices[0]?.delta?.content ?? "";
        tokens = chunk.usage?.total_tokens ?? tokens;
      }
      return { text, tokens };
    },
    tools: () => tools("#tool how deep"),
    rounds: () => tools("#rounds how deep"),
    "tools streamed": () => toolsStreamed("#tool how deep"),
    structured: async () => {
      const c = await client.chat.completions.parse({
        model, messages: [{ role: "user", content: "where" }], response_format: zodResponseFormat(place, "place"),
      });
      return c.choices[0].message.parsed;
    },
    image: async () => {
      const c = await ask([{ type: "text", text: "#hello what is it" }, { type: "image_url", image_url: { url: pixel } }]);
      return { text: c.choices[0].message.content };
    },
    embeddings: async () => {
      const e = await client.embeddings.create({ model: "gemini-embedding-001", input: ["four fathoms", "high water"] });
      return { vectors: e.data.map((d) => d.embedding.length) };
    },
    abort: async () => {
      const controller = new AbortController();
      const stream = await client.chat.completions.create(
        { model, messages: [{ role: "user", content: "#slow" }], stream: true }, { signal: controller.signal });
      return abortAfter(controller, stream, (p) => p.choices[0]?.delta?.content);
    },
    empty: async () => {
      const c = await ask("#empty");
      return { text: c.choices[0].message.content, finish: c.choices[0].finish_reason };
    },
    day: () => ask("#day"),
    key: () => ask("#key"),
    blocked: () => ask("#blocked"),
    busy: () => ask("#busy"),
  };
}
