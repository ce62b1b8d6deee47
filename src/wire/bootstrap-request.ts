import { EtError } from '../base/errors.ts';
import { isJsonObject, JsonMembers } from './json-members.ts';

/** What the client writes to the standard input of the command on the host: PROTOCOL.md section 2. */
export interface BootstrapRequest {
  /** Lowest and highest version that the client speaks, each 1..255. */
  readonly protocol: readonly [number, number];
  /** Optional features of the mux that the client offers; at most 32 of at most 64 characters. */
  readonly features: readonly string[];
  /** Where the session server may listen: `60000` or `60000-61000`; `0` for any port. */
  readonly port: string;
  /** The address to listen on; empty for all. */
  readonly bind: string;
  /** How long the server waits for an absent client before it ends; `null` for its default. */
  readonly graceSeconds: number | null;
  /** Members that section 2 does not define; whoever reads them checks them. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The longest request line, in characters. */
export const MAX_REQUEST_LENGTH: number = 16 * 1024;
export const MAX_FEATURES = 32;
export const MAX_FEATURE_LENGTH = 64;

const OWN_MEMBERS: ReadonlySet<string> = new Set([
  'everterm',
  'protocol',
  'features',
  'port',
  'bind',
  'graceSeconds',
]);

/** One line, with its line feed. */
export function formatRequest(request: BootstrapRequest): string {
  const { protocol, features, port, bind, graceSeconds, extra } = request;
  const members = { everterm: 1, protocol, features, port, bind, graceSeconds };
  return `${JSON.stringify({ ...extra, ...members })}\n`;
}

/** Throws ET_ERR_BOOTSTRAP, naming the member that is wrong. */
export function parseRequest(line: string): BootstrapRequest {
  const members = membersOf(line);
  members.integer('everterm', 1, 1);
  const request = {
    protocol: protocolRange(members),
    features: members.texts('features', MAX_FEATURES, MAX_FEATURE_LENGTH),
    port: portWithin(members),
    bind: members.text('bind', 255),
    graceSeconds: graceWithin(members),
  };
  const others = members.names.filter((name) => !OWN_MEMBERS.has(name));
  if (others.length === 0) return request;
  return { ...request, extra: Object.fromEntries(others.map((name) => [name, members.get(name)])) };
}

function membersOf(line: string): JsonMembers {
  if (line.length > MAX_REQUEST_LENGTH) {
    throw new EtError(
      'ET_ERR_BOOTSTRAP',
      `the request: ${line.length} characters above ${MAX_REQUEST_LENGTH}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Without the cause, whose message quotes the text.
    value = undefined;
  }
  if (isJsonObject(value)) return new JsonMembers(value, 'ET_ERR_BOOTSTRAP', 'the request');
  throw new EtError('ET_ERR_BOOTSTRAP', 'the request: not a JSON object');
}

function protocolRange(members: JsonMembers): [number, number] {
  const value = members.get('protocol');
  const [low, high] = Array.isArray(value) && value.length === 2 ? value : [];
  if (isVersion(low) && isVersion(high) && low <= high) return [low, high];
  throw members.error('protocol is not a range of versions');
}

function isVersion(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 255;
}

function portWithin(members: JsonMembers): string {
  const text = members.text('port', 11);
  const [, low, high] = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(text) ?? [];
  const first = Number(low ?? Number.NaN);
  const last = Number(high ?? low);
  const lowest = high === undefined ? 0 : 1;
  if (first >= lowest && first <= last && last <= 65_535) return text;
  throw members.error('port is not a port or a range of ports');
}

function graceWithin(members: JsonMembers): number | null {
  const value = members.get('graceSeconds');
  if (value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw members.error('graceSeconds is neither null nor a number of seconds');
}
