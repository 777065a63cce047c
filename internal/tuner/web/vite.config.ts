import { defineConfig } from "vite";

// The server embeds dist under a path of its own (the token), and dist is committed: names are relative, and the same on every machine.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
  esbuild: { legalComments: "inline" },
});
