import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { quoteForAnyShell } from '../../src/bootstrap/quote-for-any-shell.ts';
import { remoteCommand } from '../../src/bootstrap/remote-command.ts';
import { REMOTE_SCRIPT } from '../../src/bootstrap/remote-script.ts';
import { ReplyScanner } from '../../src/wire/reply-scanner.ts';
import { RemoteHome } from '../support/remote-home.ts';
import { describeNeeding, requirement, toolPath } from '../support/requirements.ts';

const OURS = '#!/usr/bin/env node\n';
const FOREGROUND = remoteCommand({ subcommand: ['alive', 'abc'], background: false });
/** Nodes and servers of this very machine that the script would find after all. */
const HAS_OWN_NODE = [
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/snap/bin',
].some((directory) => existsSync(join(directory, 'node')));
const HAS_OWN_SERVER = existsSync('/usr/local/bin/etserver');

let host: RemoteHome;
beforeEach(() => {
  host = new RemoteHome();
});
afterEach(() => host.remove());

async function ran(
  command = FOREGROUND,
  environment: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await host.run('sh', command, { environment });
  return stdout.trim();
}

function failureIn(output: string): unknown {
  const outcome = new ReplyScanner().push(output);
  return outcome?.kind === 'failure' ? outcome.failure : outcome;
}

test('the script has nothing that a login shell could take for its own', () => {
  expect(REMOTE_SCRIPT).not.toMatch(/['!\n\r\t]|\\\\/u);
});

describe('etserver is found', () => {
  test('on PATH before anywhere else', async () => {
    const node = host.node('only-path/node', '20.19.0');
    host.program('.local/bin/etserver', OURS);
    const server = host.program('only-path/etserver', OURS);
    expect(await ran()).toBe(`${node} runs ${server} alive abc`);
  });

  test('in ~/.local/bin, past a program of the same name that is not ours', async () => {
    const node = host.node('only-path/node', '20.19.0');
    host.program('only-path/etserver', '\u007fELF\u0002\u0001\u0001\0\0\n\0\0');
    const server = host.program('.local/bin/etserver', OURS);
    expect(await ran()).toBe(`${node} runs ${server} alive abc`);
  });

  test('where --server-path says, and only there', async () => {
    const node = host.node('only-path/node', '20.19.0');
    host.program('only-path/etserver', OURS);
    const server = host.program("od d/it's $HOME/!!/etserver.js", OURS);
    const options = { subcommand: ['alive', 'abc'], background: false };
    expect(await ran(remoteCommand({ ...options, serverPath: server }))).toBe(
      `${node} runs ${server} alive abc`,
    );
    const tilde = "~/od d/it's $HOME/!!/etserver.js";
    expect(await ran(remoteCommand({ ...options, serverPath: tilde }))).toBe(
      `${node} runs ${server} alive abc`,
    );
    expect(
      failureIn(await ran(remoteCommand({ ...options, serverPath: '/no/"such" one' }))),
    ).toEqual({
      code: 'server-missing',
      message: 'no etserver at /no/?such? one',
      advice: 'check --server-path',
    });
  });

  test('beside the Node of a version manager', async () => {
    const node = host.node('.nvm/versions/node/v22.3.0/bin/node', '22.3.0');
    const server = host.program('.nvm/versions/node/v22.3.0/bin/etserver', OURS);
    expect(await ran()).toBe(`${node} runs ${server} alive abc`);
  });

  test('through the login shell, past what its profile prints', async () => {
    const node = host.node('only-path/node', '20.19.0');
    const server = host.program('hidden/etserver', OURS);
    host.file('.profile', `echo welcome; printf 'no line end'; PATH=${host.home}/hidden:$PATH\n`);
    expect(await ran(FOREGROUND, { SHELL: '/bin/sh' })).toBe(`${node} runs ${server} alive abc`);
  });

  test('as a wrapper or a shim, which finds its own Node', async () => {
    host.program('only-path/etserver', '#!/bin/sh\necho "wrapper runs $*"\n');
    expect(await ran()).toBe('wrapper runs alive abc');
  });

  test.skipIf(HAS_OWN_SERVER)('nowhere: the reply says how to get it', async () => {
    host.node('only-path/node', '20.19.0');
    host.program('only-path/etserver', '\u007fELF\0\n');
    const { stdout, status } = await host.run('sh', FOREGROUND);
    expect(status).toBe(127);
    expect(failureIn(stdout)).toEqual({
      code: 'server-missing',
      message: `no etserver on PATH, in ~/.local/bin or in /usr/local/bin (${host.bin}/etserver is another program)`,
      advice: 'run npm install -g everterm on the host, or name its place with --server-path',
    });
  });
});

describe('Node is found', () => {
  beforeEach(() => {
    host.program('only-path/etserver', OURS);
  });

  const runsIt = (node: string): string => `${node} runs ${host.bin}/etserver alive abc`;

  test.each([
    '.nvm/versions/node/v20.19.0/bin/node',
    '.local/share/fnm/node-versions/v24.1.0/installation/bin/node',
    '.fnm/node-versions/v24.1.0/installation/bin/node',
    'Library/Application Support/fnm/node-versions/v24.1.0/installation/bin/node',
    '.volta/tools/image/node/20.20.2/bin/node',
    '.asdf/installs/nodejs/22.0.0/bin/node',
    '.local/share/mise/installs/node/22.12.0/bin/node',
    '.nodenv/versions/20.19.5/bin/node',
    '.local/bin/node',
    'n/bin/node',
  ])('in ~/%s', async (path) => {
    const node = host.node(path, '20.19.0');
    expect(await ran()).toBe(runsIt(node));
  });

  test('as the newest of several, by number and not by letter', async () => {
    for (const version of ['8.17.0', '20.9.0', '20.19.0', '20.100.0', '9.11.2']) {
      host.node(`.nvm/versions/node/v${version}/bin/node`, version);
    }
    expect(await ran()).toBe(runsIt(join(host.home, '.nvm/versions/node/v20.100.0/bin/node')));
    const newest = host.node('.asdf/installs/nodejs/100.0.0/bin/node', '100.0.0');
    expect(await ran()).toBe(runsIt(newest));
  });

  test.each(['18.19.0', '20.18.3', '8.0.0', 'nonsense'])(
    'elsewhere, when the one on PATH says %s',
    async (version) => {
      host.node('only-path/node', version);
      const node = host.node('.nvm/versions/node/v20.19.0/bin/node', '20.19.0');
      expect(await ran()).toBe(runsIt(node));
    },
  );

  test.each(['20.19.0', '21.0.0', '100.1.2'])('on PATH, when that says %s', async (version) => {
    const node = host.node('only-path/node', version);
    host.node('.nvm/versions/node/v30.19.0/bin/node', '30.19.0');
    expect(await ran()).toBe(runsIt(node));
  });

  test('without starting it where its header tells the version', async () => {
    const node = host.program('opt/bin/node', '#!/bin/sh\necho "$0 runs $*"\n');
    const header = [
      '#define X',
      '#define NODE_MAJOR_VERSION 22',
      '#define NODE_MINOR_VERSION 1',
      'end',
    ];
    host.file('opt/include/node/node_version.h', header.join('\n'));
    expect(await ran(FOREGROUND, { PATH: `${host.bin}:${host.home}/opt/bin` })).toBe(runsIt(node));
  });

  test('by its own word where the header is older', async () => {
    const node = host.node('opt/bin/node', '22.0.0');
    host.file(
      'opt/include/node/node_version.h',
      '#define NODE_MAJOR_VERSION 18\n#define NODE_MINOR_VERSION 19\n',
    );
    expect(await ran(FOREGROUND, { PATH: `${host.bin}:${host.home}/opt/bin` })).toBe(runsIt(node));
  });

  test.skipIf(HAS_OWN_NODE)('through the login shell', async () => {
    const node = host.node('hidden/node', '20.19.0');
    host.file('.profile', `echo welcome\nPATH=${host.home}/hidden:$PATH\nread answer\n`);
    expect(await ran(FOREGROUND, { SHELL: '/bin/sh' })).toBe(runsIt(node));
  });

  test.skipIf(HAS_OWN_NODE)('nowhere, or too old: the reply says what there is', async () => {
    const advice =
      'install one on the host, for example with nvm install --lts, or from https://nodejs.org';
    expect(failureIn(await ran())).toEqual({
      code: 'node-missing',
      message: 'etserver needs Node 20.19 or newer; no Node found',
      advice,
    });
    host.node('.nvm/versions/node/v18.19.0/bin/node', '18.19.0');
    const old = host.node('only-path/node', '16.0.0');
    expect(failureIn(await ran())).toEqual({
      code: 'node-missing',
      message: `etserver needs Node 20.19 or newer; ${old} is v16.0.0`,
      advice,
    });
  });
});

/** Says who it is, replies, lets go of the channel, and stays. */
const SERVER = `#!/usr/bin/env node
const fs = require('node:fs');
const line = fs.readFileSync(0, 'latin1').split('\\n')[0];
const session = Number(fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ')[3]);
fs.writeSync(1, JSON.stringify({ line, args: process.argv.slice(2), pid: process.pid, leads: session === process.pid }));
for (const fd of [0, 1, 2]) fs.closeSync(fd);
setTimeout(() => undefined, 600_000);
`;

const NOISE = 'echo "welcome { EVERTERM-END"\n';

for (const shell of ['sh', 'bash', 'dash', 'fish', 'csh', 'tcsh', 'zsh'] as const) {
  const needs = shell === 'fish' || shell === 'csh' ? ([shell] as const) : [];
  if (needs.length === 0 && toolPath(shell) === undefined) continue;
  describeNeeding(needs, `with ${shell} for a login shell`, () => {
    beforeEach(() => {
      for (const file of ['.bashrc', '.cshrc', '.tcshrc', '.zshenv', '.config/fish/config.fish'])
        host.file(file, NOISE);
    });

    test('every argument arrives as it was, in the foreground', async () => {
      host.program(
        'only-path/etserver',
        '#!/bin/sh\nfor a in "$@"; do printf "[%s]" "$a"; done; cat\n',
      );
      const words = [
        'a b',
        "it's",
        '!!',
        '\\',
        '\\\\',
        '$HOME',
        '`id`',
        '"',
        '*',
        '~',
        '',
        'é',
        '{a,b}',
        '#',
        '^',
        '%',
        '=x',
        '&;|<>()',
      ];
      const command = remoteCommand({ subcommand: words, background: false });
      const { stdout, stderr } = await host.run(shell, command, { input: 'the input' });
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^(welcome \{ EVERTERM-END\n)?\[/u);
      expect(stdout.slice(stdout.indexOf('['))).toBe(
        `${words.map((word) => `[${word}]`).join('')}the input`,
      );
    });

    test.skipIf(requirement('linux').missing !== undefined)(
      'a session leads its own process session, gets the request, and outlives the command',
      async () => {
        const server = host.program('a place/etserver', SERVER);
        const environment = { PATH: `${host.bin}:${join(process.execPath, '..')}` };
        const command = remoteCommand({
          subcommand: ['session'],
          serverPath: server,
          background: true,
        });
        const { stdout, stderr, status } = await host.run(shell, command, {
          input: '{"request":1}\n',
          environment,
        });
        const reply = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as { pid: number };
        try {
          expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
          expect(reply).toEqual({
            line: '{"request":1}',
            args: ['session', '--detached'],
            pid: reply.pid,
            leads: true,
          });
          expect(readFileSync(`/proc/${reply.pid}/cmdline`, 'utf8')).toContain(server);
          expect(readlinkSync(`/proc/${reply.pid}/cwd`)).toBe(host.home);
        } finally {
          process.kill(reply.pid, 'SIGKILL');
        }
      },
    );
  });
}

test('without setsid a session is told to detach by itself', async () => {
  host.remove();
  host = new RemoteHome(['sh', 'cat', 'tr', 'env']);
  host.program('only-path/etserver', '#!/bin/sh\nread -r line; echo "$line: $*"\n');
  const { stdout } = await host.run(
    'sh',
    remoteCommand({ subcommand: ['session'], background: true }),
    { input: 'request\n' },
  );
  expect(stdout).toBe('request: session\n');
});

describe('a quoted word', () => {
  test('stays plain where it is plain', () => {
    expect(['/usr/bin/x', '', "don't", 'a\\b!'].map(quoteForAnyShell)).toEqual([
      '/usr/bin/x',
      "''",
      "don\\'t",
      'a\\\\b\\!',
    ]);
  });

  test('has no control characters', () => {
    expect(() => quoteForAnyShell('a\nb')).toThrow(
      expect.objectContaining({ code: 'ET_ERR_USAGE' }),
    );
  });

  test.each(['sh', 'fish', 'csh'].filter((shell) => toolPath(shell) !== undefined))(
    'comes back from %s',
    async (shell) => {
      const word = fc.string({ maxLength: 12 }).filter((text) => !/\p{Cc}/u.test(text));
      await fc.assert(
        fc.asyncProperty(fc.array(word, { minLength: 20, maxLength: 20 }), async (words) => {
          const show = host.program('only-path/show', '#!/bin/sh\nprintf "%s\\n" "$@"\n');
          const { stdout } = await host.run(
            shell,
            [show, ...words.map(quoteForAnyShell)].join(' '),
          );
          expect(stdout.split('\n').slice(0, -1)).toEqual(words);
        }),
        { numRuns: 15 },
      );
    },
  );
});
