// Bundles the scripts of the pages: each file directly in ui is one bundle of the
// same name in assets/dist. Its modules are in the directories below ui. The server
// adds a hash of the content to the names. ayb.min.js is the client as a plain script;
// `node build.mjs client` also makes its package in client/dist.
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
const client = { absWorkingDir: root, entryPoints: [join("client", "src", "index.ts")], bundle: true, target: "es2022", logLevel: "warning" };
// As a plain script, its exports are global names.
const script = { ...client, format: "iife", globalName: "ayb", footer: { js: "Object.assign(globalThis, ayb);" } };
await build({ ...script, minify: true, outfile: join(out, "ayb.min.js") });
if (process.argv[2] === "client") {
  const dist = join(root, "client", "dist");
  await build({ ...client, format: "esm", outfile: join(dist, "index.js") });
  await build({ ...client, format: "cjs", outfile: join(dist, "index.cjs") });
  await build({ ...script, outfile: join(dist, "ayb.js") });
  await build({ ...script, minify: true, outfile: join(dist, "ayb.min.js") });
}
await copyFile(join(root, "node_modules", "uplot", "dist", "uPlot.min.css"), join(out, "uplot.css"));
