// Bundles the scripts of the pages: each file directly in ui is one bundle of the
// same name in assets/dist. Its modules are in the directories below ui. The server
// adds a hash of the content to the names.
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "assets", "dist");
const entries = (await readdir(join(root, "ui"))).filter((name) => name.endsWith(".ts"));

await mkdir(out, { recursive: true });
for (const name of await readdir(out)) {
  if (name !== ".gitignore") {
    await rm(join(out, name));
  }
}
await build({
  absWorkingDir: root,
  entryPoints: entries.map((name) => join("ui", name)),
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome120", "firefox128", "safari17"],
  legalComments: "none",
  logLevel: "warning",
});
await copyFile(join(root, "node_modules", "uplot", "dist", "uPlot.min.css"), join(out, "uplot.css"));
