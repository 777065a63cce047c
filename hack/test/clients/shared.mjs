// What all clients are given.
import { z } from "zod";

// pixel is a PNG of one pixel.
export const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const place = z.object({ place: z.string(), depth: z.number() });

export const placeSchema = {
  type: "object",
  properties: { place: { type: "string" } },
  required: ["place"],
  additionalProperties: false,
};

// tool is what the model calls; it remembers with what.
export function depthTool() {
  const asked = [];
  return {
    asked,
    name: "depth",
    description: "The depth of the water at a place",
    run: (args) => {
      asked.push(typeof args === "string" ? JSON.parse(args) : args);
      return JSON.stringify({ fathoms: 4 });
    },
  };
}

// abortAfter reads a stream until it has brought something, aborts it, and says what came of it.
export async function abortAfter(controller, stream, isText) {
  let texts = 0;
  try {
    for await (const part of stream) {
      if (isText(part) && ++texts === 1) controller.abort();
    }
  } catch {
    // an abort is an error for some, the end for others
  }
  return { texts: texts > 0 };
}
