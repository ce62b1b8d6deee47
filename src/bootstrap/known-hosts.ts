import { knownHostName, matchesHost } from './host-pattern.ts';

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** Patterns or a hash; see host-pattern.ts. */
  readonly hosts: string;
  /** `ssh-ed25519`, `ssh-rsa`, ... */
  readonly type: string;
  /** The key as ssh sends it. */
  readonly key: Uint8Array;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What the files say about a key that a host has shown. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  /** Nothing about a key of this type. `others` are lines for the same host: keys of other types, and authorities. */
  | { readonly kind: 'unknown'; readonly others: readonly KnownHost[] }
  /** There is another key of the same type. */
  | { readonly kind: 'changed'; readonly known: KnownHost }
  | { readonly kind: 'revoked'; readonly known: KnownHost };

const MARKERS: Readonly<Record<string, KnownHost['marker']>> = {
  '@revoked': 'revoked',
  '@cert-authority': 'cert-authority',
};

/** Lines that cannot be read are passed over, as ssh does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/[ \t]+/u);
    const [first = ''] = words;
    if (first === '' || first.startsWith('#')) return [];
    const marker = first.startsWith('@') ? MARKERS[first] : 'none';
    const [hosts, type, encoded] = first.startsWith('@') ? words.slice(1) : words;
    if (marker === undefined || hosts === undefined || type === undefined || encoded === undefined)
      return [];
    const key = new Uint8Array(Buffer.from(encoded, 'base64'));
    return keyTypeOf(key) === type ? [{ marker, hosts, type, key, file, line: index + 1 }] : [];
  });
}

/**
 * Looks a key up. Where a host on a port of its own has no line, one for the same name on any port will do if it has this very
 * key, as in ssh. Certificates of hosts are beyond the builtin ssh, and the key of an authority is not the key of a host: such a
 * line alone makes nothing known.
 */
export async function judgeHostKey(
  entries: readonly KnownHost[],
  host: string,
  port: number,
  key: Uint8Array,
): Promise<HostKeyVerdict> {
  const verdict = await judge(entries, knownHostName(host, port), key);
  if (verdict.kind !== 'unknown' || port === 22) return verdict;
  const portless = await judge(entries, knownHostName(host, 22), key);
  return portless.kind === 'known' || portless.kind === 'revoked' ? portless : verdict;
}

async function judge(
  entries: readonly KnownHost[],
  name: string,
  key: Uint8Array,
): Promise<HostKeyVerdict> {
  const ours = await entriesFor(entries, name);
  const plain = ours.filter((entry) => entry.marker === 'none');
  const revoked = ours.find((entry) => entry.marker === 'revoked' && isSame(entry.key, key));
  if (revoked !== undefined) return { kind: 'revoked', known: revoked };
  if (plain.some((entry) => isSame(entry.key, key))) return { kind: 'known' };
  const type = keyTypeOf(key);
  const changed = plain.find((entry) => entry.type === type);
  if (changed !== undefined) return { kind: 'changed', known: changed };
  return { kind: 'unknown', others: ours.filter((entry) => entry.marker !== 'revoked') };
}

/** The types of the keys that are known of a host, in the order of the files; the host is asked for one of these first. */
export async function knownKeyTypes(
  entries: readonly KnownHost[],
  host: string,
  port: number,
): Promise<string[]> {
  let ours = await entriesFor(entries, knownHostName(host, port));
  if (ours.length === 0) ours = await entriesFor(entries, knownHostName(host, 22));
  return [...new Set(ours.filter((entry) => entry.marker === 'none').map((entry) => entry.type))];
}

async function entriesFor(entries: readonly KnownHost[], name: string): Promise<KnownHost[]> {
  const matches = await Promise.all(entries.map((entry) => matchesHost(entry.hosts, name)));
  return entries.filter((_, index) => matches[index]);
}

/** The type that stands at the front of every key; empty when it is none. */
export function keyTypeOf(key: Uint8Array): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (bytes.length < 4) return '';
  return bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1');
}

/** `SHA256:...`, as ssh shows it. */
export async function fingerprintOf(key: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(key));
  return `SHA256:${Buffer.from(digest).toString('base64').replace(/=+$/u, '')}`;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(b);
}
