import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { REFUSED } from '../../src/wire/limits.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { readVectors } from '../wire/vectors.ts';
import { type RecordedLink, SessionRecorder } from './record-session.ts';

const DECODER = fileURLToPath(new URL('decode.py', import.meta.url));
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const BULK = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);

type Line = Readonly<Record<string, unknown>>;

test('the decoder has at most 300 lines, and imports only what comes with Python', () => {
  const text = readFileSync(DECODER, 'utf8');
  expect(text.split('\n').length - 1).toBeLessThanOrEqual(300);
  const imports = [...text.matchAll(/^(?:import|from) (\w+)/gmu)].map(([, name]) => name);
  expect(imports).toEqual(['hashlib', 'hmac', 'json', 'struct', 'sys']);
});

describeNeeding(['python3'], 'the decoder that was written from PROTOCOL.md', () => {
  let directory: string;
  let first: RecordedLink;
  let second: RecordedLink;
  let recorder: SessionRecorder;
  /** What the decoder says of the first link. */
  let all: readonly Line[];

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'et-decoder-'));
    recorder = new SessionRecorder();
    first = recorder.record(() => useChannels(recorder));
    second = recorder.record(() => recorder.session.end(0, 'orderly'));
    const decoded = decode(first, withClientEphemeral(first, 'passkey'));
    expect(decoded).toMatchObject({ status: 0, stderr: '' });
    all = decoded.lines;
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function decode(link: Pick<RecordedLink, 'client' | 'server'>, secrets: object) {
    const file = (name: string, content: string | Uint8Array): string => {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    };
    const args = [
      DECODER,
      file('secrets.json', JSON.stringify(secrets)),
      file('client.bin', link.client),
      file('server.bin', link.server),
    ];
    const { stdout, stderr, status } = spawnSync(requireTool('python3'), args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    const lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
    return { lines, stderr, status };
  }

  function secretsOf({ secrets }: RecordedLink) {
    return { session: toHex(secrets.session), features: ['a', 'b'] };
  }

  function withClientEphemeral(link: RecordedLink, psk: 'passkey' | 'root') {
    const { secrets } = link;
    const clientEphemeral = toHex(secrets.clientEphemeral);
    return { ...secretsOf(link), psk: toHex(secrets[psk]), clientEphemeral };
  }

  test('reads the hello and the answer, and finds the root secret in it', () => {
    const [hello, answer] = all;
    expect(hello).toMatchObject({ hello: 'passkey', route: 'ab'.repeat(16), link: 1 });
    expect(answer).toMatchObject({ answer: 'accepted', root: toHex(first.secrets.root) });
  });

  test('reads every message of both ends, byte for byte', () => {
    expect(messages(all, 'client', 0)).toEqual([
      ['OPEN', 0, { kind: 'terminal', metadata: { columns: 80, title: 'ünïcode' } }],
      ['DATA', 0, toHex(ALL_BYTES)],
      ['NOTE', 0, { resize: [132, 50] }],
      ['EOF', 0],
    ]);
    expect(messages(all, 'server', 0)).toEqual([
      ['ACCEPT', 0, { metadata: { of: 'terminal' } }],
      ['DATA', 0, toHex(utf8('$ '))],
      ['NOTE', 0, { exit: 3 }],
      ['EOF', 0],
    ]);
    expect(messages(all, 'client', 1)).toEqual([
      ['OPEN', 2, { kind: 'exec', metadata: {} }],
      ['DATA', 2, toHex(BULK)],
      ['OPEN', 4, { kind: 'nothing', metadata: {} }],
      ['RESET', 4, { code: 9, text: 'never mind' }],
    ]);
    expect(recorder.opened.map(({ received }) => received)).toContain(toHex(BULK));
    expect(all.some(({ message, limit }) => message === 'CREDIT' && Number(limit) > 65_536)).toBe(
      true,
    );
  });

  test('reads frames that begin with RESUME, acknowledge the other end, and number each byte once', () => {
    for (const [from, other] of [
      ['client', 'server'],
      ['server', 'client'],
    ] as const) {
      const frames = all.filter((line) => line['from'] === from && 'frame' in line);
      expect(frames[0]).toMatchObject({ record: 0, frame: 'RESUME', streams: [] });
      const last = Math.max(
        ...all.filter((line) => line['from'] === other).map(({ record }) => Number(record ?? 0)),
      );
      const acks = frames.filter(({ frame }) => frame === 'ACK');
      expect(acks.length).toBeGreaterThan(0);
      for (const ack of acks) {
        expect(ack).toMatchObject({ link: 1, ranges: [[0, expect.any(Number)]] });
        const [[, largest]] = ack['ranges'] as [[number, number]];
        expect(largest).toBeLessThanOrEqual(last);
      }
      const ends = new Map<unknown, number>();
      for (const { stream, offset, bytes } of frames.filter(({ frame }) => frame === 'STREAM')) {
        expect(offset).toBe(ends.get(stream) ?? 0);
        ends.set(stream, Number(offset) + String(bytes).length / 2);
      }
    }
  });

  test('needs one end’s ephemeral key or the record keys, and any of them gives the same', () => {
    const { secrets } = first;
    const psk = toHex(secrets.passkey);
    const serverEphemeral = toHex(secrets.serverEphemeral);
    expect(decode(first, { ...secretsOf(first), psk, serverEphemeral }).lines).toEqual(all);
    const k1 = toHex(secrets.k1);
    const k2 = toHex(secrets.k2);
    expect(decode(first, { ...secretsOf(first), k1, k2 }).lines.slice(2)).toEqual(all.slice(2));
    expect(decode(first, { ...secretsOf(first), psk }).lines).toEqual(all.slice(0, 1));
  });

  test('reads a second link, under the root, that goes on where the first was cut', () => {
    const { lines } = decode(second, withClientEphemeral(second, 'root'));
    expect(lines[0]).toMatchObject({ hello: 'root', link: 2 });
    expect(lines[1]).toMatchObject({ answer: 'accepted', root: null });
    const resume = lines.find(({ from, frame }) => from === 'server' && frame === 'RESUME');
    expect(resume).toMatchObject({ streams: [{ stream: 0 }, { stream: 1 }] });
    const received = (resume?.['streams'] ?? []) as Line[];
    expect(received[0]?.['next']).toBeGreaterThan(ALL_BYTES.length);
    expect(received[1]?.['next']).toBeGreaterThan(BULK.length);
    expect(lines).toContainEqual(
      expect.objectContaining({ from: 'client', frame: 'BYE', code: 0, text: 'orderly' }),
    );
  });

  test.each(['frames', 'messages'])('reads the golden %s, and refuses the malformed', (name) => {
    const { valid, malformed } = readVectors<Readonly<Record<string, unknown[][]>>>(name);
    const read = (vectors: readonly { readonly bytes: string }[]): unknown => {
      const input = JSON.stringify(vectors.map(({ bytes }) => bytes));
      const { stdout, stderr } = spawnSync(requireTool('python3'), ['-c', READ_VECTORS, name], {
        encoding: 'utf8',
        cwd: dirname(DECODER),
        env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
        input,
      });
      expect(stderr).toBe('');
      return JSON.parse(stdout);
    };
    // How much a note counts against the credit is not in its bytes.
    const said = valid.map((vector) =>
      (vector[name] ?? []).map((each) => (each[0] === 'note' ? each.slice(0, 3) : each)),
    );
    expect(read(valid)).toEqual(said);
    // A record without a plaintext is refused by its length.
    const broken = malformed.filter(({ bytes }) => bytes !== '');
    expect(read(broken)).toEqual(broken.map(() => null));
  });

  test('is not deceived: a bit that was changed, another key, another session', () => {
    const changed = first.client.slice();
    changed[1500] = (changed[1500] ?? 0) ^ 1;
    const known = withClientEphemeral(first, 'passkey');
    expect(decode({ ...first, client: changed }, known)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('does not open'),
    });
    for (const wrong of [
      { psk: toHex(first.secrets.root) },
      { session: '00'.repeat(16) },
      { features: ['a'] },
      { clientEphemeral: '01'.repeat(32) },
    ]) {
      expect(decode(first, { ...known, ...wrong }).stderr).toContain('does not open');
    }
  });

  test('says where a recording is cut, and that a hello was refused', () => {
    const known = withClientEphemeral(first, 'passkey');
    const cut = first.client.subarray(0, first.client.length - 5);
    const { lines, status } = decode({ ...first, client: cut }, known);
    expect(status).toBe(0);
    expect(lines.filter((line) => 'cut' in line)).toHaveLength(1);
    const refused = { client: first.client.subarray(0, 1400), server: concatBytes([REFUSED]) };
    expect(decode(refused, known).lines[1]).toEqual({ from: 'server', answer: 'refused' });
  });
});

/** For `python3 -c`: every vector of a file as `[[name, values...], ...]`, or null where it is malformed. */
const READ_VECTORS = `
import decode, json, sys
read = {"frames": decode.read_frame, "messages": decode.read_message}[sys.argv[1]]
def flat(item):
    return [flat(each) for each in item.values()] if isinstance(item, dict) and ("next" in item or "frame" in item or "message" in item) else (
        [flat(each) for each in item] if isinstance(item, list) else item.hex() if isinstance(item, bytes) else item)
def parse(text):
    reader, items = decode.Reader(bytes.fromhex(text)), []
    try:
        while reader.at < len(reader.data):
            items.append(flat(read(reader)))
    except (decode.ProtocolError, ValueError, decode.Short):
        return None
    return [[each[0].lower(), *each[1:]] for each in items if each[0] != "PADDING"]
print(json.dumps([parse(text) for text in json.load(sys.stdin)]))
`;

/** Two streams, notes, early data, more than one window of bulk, a half-close at each end, a channel given up. */
function useChannels(recorder: SessionRecorder): void {
  const { mux, clock } = recorder;
  const take = { onData: (bytes: Uint8Array) => terminal.consumed(bytes.length) };
  const terminal = mux.open(
    {
      kind: 'terminal',
      metadata: { columns: 80, title: 'ünïcode' },
      stream: 0,
      priority: 'terminal',
    },
    take,
  );
  terminal.write(ALL_BYTES.slice());
  const bulk = mux.open({ kind: 'exec', metadata: {}, stream: 1, priority: 'bulk' }, take);
  bulk.write(BULK.slice());
  clock.advance(1000);
  terminal.note({ resize: [132, 50] });
  terminal.end();
  const shell = recorder.opened[0]?.channel;
  shell?.write(utf8('$ '));
  shell?.note({ exit: 3 });
  shell?.end();
  clock.advance(1000);
  const idle = mux.open({ kind: 'nothing', metadata: {}, stream: 1, priority: 'bulk' }, take);
  clock.advance(100);
  idle.reset(9, 'never mind');
}

/** The messages of one end on one stream, in order; DATA of one channel is joined, CREDIT is left out. */
function messages(lines: readonly Line[], from: string, stream: number): unknown[] {
  const found: [unknown, unknown, unknown?][] = [];
  for (const line of lines) {
    const { message, channel, bytes } = line;
    if (line['from'] !== from || line['stream'] !== stream) continue;
    if (message === undefined || message === 'CREDIT') continue;
    const last = found.at(-1);
    if (message === 'DATA' && last?.[0] === 'DATA' && last[1] === channel) {
      last[2] = `${String(last[2])}${String(bytes)}`;
    } else if (message === 'DATA') found.push([message, channel, bytes]);
    else if (message === 'EOF') found.push([message, channel]);
    else found.push([message, channel, detailOf(line)]);
  }
  return found;
}

function detailOf({ message, kind, metadata, body, code, text }: Line): unknown {
  switch (message) {
    case 'OPEN':
      return { kind, metadata };
    case 'ACCEPT':
      return { metadata };
    case 'NOTE':
      return body;
    default:
      return { code, text };
  }
}
