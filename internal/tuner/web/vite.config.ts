import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

// licence puts uPlot's beside it.
const licence: Plugin = {
  name: "licence",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "uplot.LICENSE.txt", source: readFileSync("node_modules/uplot/LICENSE") });
  },
};

// The server embeds dist under a path of its own (the token), and dist is committed: names are relative, and the same on every machine.
export default defineConfig({
  base: "./",
  plugins: [licence],
  build: {
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
