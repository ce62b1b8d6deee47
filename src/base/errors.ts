/** What dies, from smallest to largest. Everything above carries on. */
export type ErrorScope = 'channel' | 'link' | 'session' | 'process';

/** Every code, with the scope it implies. Codes are public API: never reuse or rename one. */
const SCOPE_OF = {
  // channel
  ET_ERR_CHANNEL_RESET: 'channel',
  ET_ERR_CHANNEL_REFUSED: 'channel',
  ET_ERR_CHANNEL_CREDIT: 'channel',
  ET_ERR_CHANNEL_LIMIT: 'channel',
  ET_ERR_CHANNEL_METADATA: 'channel',
  ET_ERR_FORWARD: 'channel',
  ET_ERR_POLICY: 'channel',
  // link
  ET_ERR_CARRIER: 'link',
  ET_ERR_DIAL: 'link',
  ET_ERR_HANDSHAKE: 'link',
  ET_ERR_HELLO: 'link',
  ET_ERR_LINK_REFUSED: 'link',
  ET_ERR_LINK_TIMEOUT: 'link',
  ET_ERR_RECORD_SEAL: 'link',
  ET_ERR_RECORD_SIZE: 'link',
  ET_ERR_FRAME: 'link',
  ET_ERR_ACK: 'link',
  ET_ERR_RESUME: 'link',
  ET_ERR_STREAM_LIMIT: 'link',
  // session
  ET_ERR_MESSAGE: 'session',
  ET_ERR_CREDIT_SUM: 'session',
  ET_ERR_SESSION_GONE: 'session',
  ET_ERR_SESSION_CLOSED: 'session',
  ET_ERR_FEATURE: 'session',
  // process
  ET_ERR_USAGE: 'process',
  ET_ERR_BOOTSTRAP: 'process',
  ET_ERR_HOST_KEY: 'process',
  ET_ERR_AUTH: 'process',
  ET_ERR_SESSION_CHOICE: 'process',
  ET_ERR_SERVER_MISSING: 'process',
  ET_ERR_PTY: 'process',
  ET_ERR_CONFIG: 'process',
  ET_ERR_STATE: 'process',
  ET_ERR_INTERNAL: 'process',
} as const;

export type ErrorCode = keyof typeof SCOPE_OF;

/** An expected failure. Branch on `code` or `scope`; `message` is for people and says actual and allowed. */
export class EtError extends Error {
  override readonly name = 'EtError';
  readonly code: ErrorCode;
  /** What to do about it, one line for the user; absent where nothing can be done. */
  readonly advice: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; advice?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.advice = options.advice;
  }

  /** The largest thing this failure kills. */
  get scope(): ErrorScope {
    return SCOPE_OF[this.code];
  }
}

/** The text of anything thrown, for a message or a log. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node system error (`ECONNRESET`), if it has one. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
