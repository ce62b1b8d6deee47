import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  closureOf,
  importsOf,
  parseImports,
  type SourceImport,
  SRC,
  sourceFiles,
} from './support/source-imports.ts';

/** Who may import whom. ARCHITECTURE.md draws it; this test enforces it. `types` are for `import type` alone. */
const MAY_IMPORT: Record<string, { rooms: readonly string[]; types?: readonly string[] }> = {
  base: { rooms: [] },
  wire: { rooms: ['base'] },
  link: { rooms: ['base'] },
  process: { rooms: ['base'] },
  config: { rooms: ['base'] },
  crypto: { rooms: ['base', 'wire'] },
  mux: { rooms: ['base', 'wire'] },
  bootstrap: { rooms: ['base', 'wire'] },
  backed: { rooms: ['base', 'wire'], types: ['link'] },
  terminal: { rooms: ['base', 'wire', 'mux'], types: ['process'] },
  forward: { rooms: ['base', 'wire', 'mux', 'link'] },
  router: { rooms: ['base', 'wire', 'link'] },
  registry: { rooms: ['base', 'wire', 'link'] },
  library: { rooms: ['base', 'wire', 'link', 'crypto', 'backed', 'mux'] },
  etclient: {
    rooms:
      'base wire link process config crypto mux bootstrap backed terminal forward registry router'.split(
        ' ',
      ),
  },
  etserver: {
    rooms:
      'base wire link process config crypto mux bootstrap backed terminal forward registry router'.split(
        ' ',
      ),
  },
};

/** The package's exports, which give Node's own streams to programs that are not ours. */
const NODE_FACADES = ['mux/channel-duplex.ts', 'mux/duplex-mux.ts'];

/** Where a module may be imported; what is not listed here is free. */
const ONLY_IN: readonly { modules: RegExp; files: RegExp; why: string }[] = [
  {
    modules: /^node:/u,
    files: /^(?!(?:base|wire|backed|mux)\/)|^base\/(?:clock|random)\.ts$/u,
    why: 'a browser can run base, wire, backed and mux',
  },
  {
    modules: /^node:(?:net|tls|dgram)$/u,
    // In Node a pipe of a child is a Socket too.
    files:
      /^(?:link|forward|router)\/|^(?:etclient|etserver)\/(?:.*\/)?control-[a-z-]*\.ts$|^process\/pipe-(?:source|sink)\.ts$/u,
    why: 'sockets are opened by link, forward, router and the control sockets',
  },
  {
    modules: /^node:crypto$/u,
    files: /^crypto\/|^base\/random\.ts$/u,
    why: 'cryptography is done in one room',
  },
  { modules: /^@noble\/ciphers/u, files: /^crypto\//u, why: 'cryptography is done in one room' },
  { modules: /^node-pty$/u, files: /^process\//u, why: 'a pty is made in one room' },
  { modules: /^ssh2$/u, files: /^bootstrap\//u, why: 'SSH is spoken in one room' },
  { modules: /^smol-toml$/u, files: /^config\//u, why: 'one room reads configuration' },
  {
    modules: /^(?:ws|socks)$/u,
    files: /^link\//u,
    why: 'WebSockets and SOCKS proxies are spoken in one room',
  },
  {
    modules: /^@xterm\//u,
    files: /^terminal\/screen-[a-z-]*\.ts$/u,
    why: 'a screen is emulated behind one model',
  },
  { modules: /^blessed$/u, files: /^etclient\//u, why: 'only a client has a screen of its own' },
  {
    modules: /^commander$/u,
    files: /^(?:etclient|etserver)\/cli\//u,
    why: 'only a command line is parsed',
  },
];

/** The longest a file may be; a longer one is two rooms in one. */
const MAX_LINES = 400;

function roomOf(file: string): string {
  return file.slice(0, file.indexOf('/'));
}

/** Why `file` may not have this import; nothing when it may. */
function objection(file: string, imported: SourceImport): string | undefined {
  const { specifier, kind } = imported;
  if (imported.file === undefined) return objectionToModule(file, specifier);
  if (!imported.file.endsWith('.ts')) return `${specifier}: without .ts`;
  const room = roomOf(file);
  const target = roomOf(imported.file);
  const allowed = MAY_IMPORT[room];
  if (allowed === undefined) return `room ${room} is not in the table`;
  if (target === room || allowed.rooms.includes(target)) return undefined;
  if (kind === 'type' && allowed.types?.includes(target) === true) return undefined;
  return `${room} may not import ${target} (${specifier})`;
}

function objectionToModule(file: string, specifier: string): string | undefined {
  if (specifier === 'node:stream' && NODE_FACADES.includes(file)) return undefined;
  const rule = ONLY_IN.find(({ modules, files }) => modules.test(specifier) && !files.test(file));
  return rule === undefined ? undefined : `${specifier}: ${rule.why}`;
}

describe('layers', () => {
  test('every file imports only what its room may', () => {
    const objections = sourceFiles().flatMap((file) =>
      importsOf(file).flatMap((imported) => {
        const reason = objection(file, imported);
        return reason === undefined ? [] : [`${file}: ${reason}`];
      }),
    );
    expect(objections).toEqual([]);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const long = sourceFiles().filter(
      (file) => readFileSync(join(SRC, file), 'utf8').split('\n').length - 1 > MAX_LINES,
    );
    expect(long).toEqual([]);
  });

  test('a session server never loads ssh2, blessed or a client', () => {
    const loaded = [...closureOf('etserver/main.ts', ['static', 'dynamic'], importsOfExisting)];
    expect(loaded.filter((each) => /^(?:ssh2|blessed|etclient\/.*)$/u.test(each))).toEqual([]);
  });

  test('a client loads ssh2, blessed, ws, socks and @noble/ciphers only when the command at hand needs them', () => {
    const loaded = [...closureOf('etclient/main.ts', ['static'], importsOfExisting)];
    const apart = /^(?:ssh2|blessed|ws|socks|@noble\/.*)$/u;
    expect(loaded.filter((each) => apart.test(each))).toEqual([]);
  });

  test('ws, socks, and what they need of Node, are loaded only where a WebSocket or a proxy is used', () => {
    const entries = ['websocket-dial', 'proxied-tcp-dial', 'websocket-entrance'];
    const loaded = entries.flatMap((entry) => [
      ...closureOf(`link/${entry}.ts`, ['static'], importsOfExisting),
    ]);
    expect(loaded.filter((each) => /^(?:ws|socks|node:(?:http|tls))$/u.test(each))).toEqual([]);
  });
});

test('neither program loads what reads TOML until there is a file', () => {
  for (const program of ['etclient/main.ts', 'etserver/session-command.ts']) {
    const loaded = [...closureOf(program, ['static'], importsOfExisting)];
    expect(loaded).not.toContain('smol-toml');
    expect(loaded).toContain('config/may-be-there.ts');
  }
});

function importsOfExisting(file: string): SourceImport[] {
  return existsSync(join(SRC, file)) ? importsOf(file) : [];
}

test('neither program loads the emulator of a terminal until there is a screen to keep', () => {
  const files = sourceFiles().filter((file) => file.startsWith('terminal/screen-'));
  for (const file of ['etclient/main.ts', 'etserver/session-command.ts', ...files]) {
    const loaded = [...closureOf(file, ['static'], importsOfExisting)];
    expect(loaded.filter((each) => each.startsWith('@xterm/'))).toEqual([]);
  }
});

describe('the check of layers', () => {
  const IMPORT = {
    value: (specifier: string) => `import { a } from '${specifier}';`,
    type: (specifier: string) => `import type { A } from '${specifier}';`,
    reexport: (specifier: string) => `export { a } from '${specifier}';`,
    bare: (specifier: string) => `import '${specifier}';`,
    dynamic: (specifier: string) => `const a = await import('${specifier}');`,
    multiline: (specifier: string) => `import {\n  a,\n  type B,\n} from '${specifier}';`,
    namespace: (specifier: string) => `import * as a from '${specifier}';`,
  };

  function judge(file: string, text: string): string[] {
    return parseImports(file, text).flatMap((each) => objection(file, each) ?? []);
  }

  test.each(Object.entries(IMPORT))('sees a forbidden import written as %s', (_, write) => {
    expect(judge('wire/a.ts', write('../backed/b.ts'))).toHaveLength(1);
    expect(judge('wire/a.ts', write('node:fs'))).toHaveLength(1);
    expect(judge('etclient/a.ts', write('../etserver/main.ts'))).toHaveLength(1);
  });

  test.each([
    ['backed/a.ts', IMPORT.type('../link/carrier.ts')],
    ['base/random.ts', IMPORT.value('node:crypto')],
    ['mux/duplex-mux.ts', IMPORT.value('node:stream')],
    ['link/tcp.ts', IMPORT.value('node:net')],
    ['link/a.ts', IMPORT.dynamic('ws')],
    ['terminal/screen-library.ts', IMPORT.dynamic('@xterm/headless')],
    ['etserver/control-socket.ts', IMPORT.value('node:net')],
    ['etclient/main.ts', IMPORT.dynamic('../bootstrap/ssh2-runner.ts')],
    ['wire/a.ts', "// import { a } from '../backed/b.ts';\n/*\nimport 'node:fs';\n*/"],
  ])('%s may: %s', (file, text) => {
    expect(judge(file, text)).toEqual([]);
  });

  test.each([
    ['backed/a.ts', IMPORT.value('../link/carrier.ts')],
    ['backed/a.ts', IMPORT.value('node:stream')],
    ['mux/duplex-mux.ts', IMPORT.value('node:net')],
    ['base/bytes.ts', IMPORT.value('node:crypto')],
    ['bootstrap/a.ts', IMPORT.value('node:crypto')],
    ['etserver/a.ts', IMPORT.value('node:net')],
    ['etserver/a.ts', IMPORT.dynamic('ssh2')],
    ['terminal/a.ts', IMPORT.value('../process/pty.ts')],
    ['terminal/a.ts', IMPORT.value('node-pty')],
    ['link/a.ts', IMPORT.value('@noble/ciphers/chacha.js')],
    ['router/a.ts', IMPORT.dynamic('ws')],
    ['etserver/a.ts', IMPORT.dynamic('@xterm/headless')],
    ['terminal/terminal-log.ts', IMPORT.dynamic('@xterm/headless')],
    ['attic/a.ts', IMPORT.value('../base/bytes.ts')],
    ['base/a.ts', IMPORT.value('./bytes.js')],
  ])('%s may not: %s', (file, text) => {
    expect(judge(file, text)).toHaveLength(1);
  });

  test('follows what is loaded through other files', () => {
    const texts: Record<string, string> = {
      'a/main.ts': IMPORT.value('../b/b.ts'),
      'b/b.ts': `${IMPORT.dynamic('./c.ts')}\n${IMPORT.type('./d.ts')}`,
      'b/c.ts': IMPORT.value('ssh2'),
      'b/d.ts': IMPORT.value('blessed'),
    };
    const imports = (file: string) => parseImports(file, texts[file] ?? '');
    expect([...closureOf('a/main.ts', ['static'], imports)]).toEqual(['a/main.ts', 'b/b.ts']);
    expect(closureOf('a/main.ts', ['static', 'dynamic'], imports)).toContain('ssh2');
    expect(closureOf('a/main.ts', ['static', 'dynamic'], imports)).not.toContain('blessed');
  });
});
