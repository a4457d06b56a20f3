// One HTML file with script and style in it, so that it opens from disk: a page of file:// may load nothing.
import { createHash } from "node:crypto";
import type { Plugin } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { defineConfig } from "vitest/config";

// The page's policy names its one script and its one style by their hashes: no other runs, whatever a name in a recording holds.
const policy = (scripts: string, styles: string): string =>
  `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src ${scripts}; style-src ${styles}; ` +
  `connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'" />`;

function policyByHash(): Plugin {
  const hashes = (html: string, tag: string): string =>
    [...html.matchAll(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`, "g"))]
      .map((match) => `'sha256-${createHash("sha256").update(match[1] ?? "").digest("base64")}'`)
      .join(" ");
  return {
    name: "limpet-policy",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (file.type !== "asset" || !file.fileName.endsWith(".html")) continue;
          const html = String(file.source);
          file.source = html.replace("<!--limpet-policy-->", () => policy(hashes(html, "script"), hashes(html, "style")));
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [viteSingleFile({ removeViteModuleLoader: true }), policyByHash()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: { target: "es2022", outDir: "dist", emptyOutDir: true, rollupOptions: { input: "viewer.html" } },
  test: { include: ["src/**/*.test.ts"], environment: "node", testTimeout: 120_000 },
});
