import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One import of a source file. */
export interface SourceImport {
  /** As written: `node:net`, `ssh2`, `./rtt.ts`. */
  readonly specifier: string;
  /** Where a relative specifier leads, from src: `backed/rtt.ts`. */
  readonly file: string | undefined;
  /** `type` disappears when compiled; `dynamic` is loaded when the code gets there. */
  readonly kind: 'static' | 'dynamic' | 'type';
}

/** The directory of the sources. */
export const SRC: string = resolve(dirname(fileURLToPath(import.meta.url)), '../../src');

const STATIC =
  /^(?:import|export)\s+(?<type>type\s+)?(?:(?<names>[\w*{][^'"`;]*?)\s+from\s+)?['"](?<specifier>[^'"]+)['"]/gmu;
const DYNAMIC = /(?<![\w.])(?<typeof>typeof\s+)?import\(\s*['"`](?<specifier>[^'"`]+)['"`]/gu;

/** Every TypeScript file of src, from src: `backed/rtt.ts`. */
export function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort();
}

/** What a file of src imports. */
export function importsOf(file: string): SourceImport[] {
  return parseImports(file, readFileSync(join(SRC, file), 'utf8'));
}

/** What `text`, the content of `file`, imports. Comments are not looked into. */
export function parseImports(file: string, text: string): SourceImport[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gmu, '');
  const found: SourceImport[] = [];
  const add = (specifier: string | undefined, kind: SourceImport['kind']): void => {
    if (specifier === undefined) return;
    const local = specifier.startsWith('.');
    const target = local ? relative(SRC, resolve(SRC, dirname(file), specifier)) : undefined;
    found.push({ specifier, file: target, kind });
  };
  for (const { groups } of code.matchAll(STATIC)) {
    add(groups?.['specifier'], groups?.['type'] === undefined ? 'static' : 'type');
  }
  for (const { groups } of code.matchAll(DYNAMIC)) {
    add(groups?.['specifier'], groups?.['typeof'] === undefined ? 'dynamic' : 'type');
  }
  return found;
}

/** Everything loaded when `entry` is: files of src and packages. `kinds` says which imports are followed. */
export function closureOf(
  entry: string,
  kinds: readonly SourceImport['kind'][],
  imports: (file: string) => readonly SourceImport[] = importsOf,
): Set<string> {
  const reached = new Set<string>([entry]);
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    for (const each of imports(file)) {
      const target = each.file ?? each.specifier;
      if (!kinds.includes(each.kind) || reached.has(target)) continue;
      reached.add(target);
      if (each.file !== undefined) waiting.push(target);
    }
  }
  return reached;
}
