import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** JavaScript of some sources, for a test that needs them in a process of its own. */
export interface CompiledSources {
  /** `join(directory, 'link/listener.js')` is src/link/listener.ts. */
  readonly directory: string;
  remove(): void;
}

/** Compiles `sources` (relative to src/) and what they import. Takes about a second. */
export function compileSources(sources: readonly string[]): CompiledSources {
  const directory = mkdtempSync(join(tmpdir(), 'everterm-compiled-'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const flags = [
    '--ignoreConfig',
    '--rewriteRelativeImportExtensions',
    '--skipLibCheck',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--rootDir',
    'src',
    '--outDir',
    directory,
  ];
  const files = sources.map((source) => join('src', source));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, ...flags, ...files], { cwd: ROOT });
  return { directory, remove: () => rmSync(directory, { recursive: true }) };
}
