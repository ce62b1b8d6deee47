import { STATUS_CODES } from 'node:http';
import { messageOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { REASON } from '../wire/messages.ts';
import { TunnelRefusal } from './tunnel-refusal.ts';

/** Texts of the other end are as long as it likes; a refusal is one line. */
const MAX_TEXT_CHARACTERS = 1024;
/** How deep the causes of an error are searched; a chain that bites its tail ends too. */
const MAX_CAUSES = 8;

/** Why the proxy does not do what a request asks, and the status that says so. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }

  /** Of whatever was thrown. What is not known to be anybody else's fault is the gateway's. */
  static of(thrown: unknown): HttpRefusal {
    if (thrown instanceof HttpRefusal) return thrown;
    const { code, text } = reasonIn(thrown) ?? { code: REASON.failed, text: messageOf(thrown) };
    if (code === REASON.notPermitted) return new HttpRefusal(403, text, thrown);
    const isTimeout = code === REASON.failed && text.startsWith('timed out');
    return new HttpRefusal(isTimeout ? 504 : 502, text, thrown);
  }

  /** `et: connection refused by db:5432`, one line whatever the text has in it. */
  get line(): string {
    const text = printable(this.message.slice(0, MAX_TEXT_CHARACTERS));
    return `et: ${text === '' ? (STATUS_CODES[this.status] ?? 'failed') : text}\n`;
  }

  get headers(): readonly string[] {
    const length = String(Buffer.byteLength(this.line));
    return ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', length];
  }

  /** The whole answer, where no `ServerResponse` speaks for the connection. Nothing may follow it. */
  format(): string {
    const [type, typeValue, length, lengthValue] = this.headers;
    return [
      `HTTP/1.1 ${this.status} ${STATUS_CODES[this.status]}`,
      `${type}: ${typeValue}`,
      `${length}: ${lengthValue}`,
      'Connection: close',
      '',
      this.line,
    ].join('\r\n');
  }
}

function reasonIn(thrown: unknown): { readonly code: number; readonly text: string } | undefined {
  let error = thrown;
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth += 1) {
    if (error instanceof TunnelRefusal) return { code: error.reasonCode, text: error.message };
    if ('reason' in error && isReason(error.reason)) return error.reason;
    error = error.cause;
  }
  return undefined;
}

function isReason(value: unknown): value is { readonly code: number; readonly text: string } {
  const { code, text } = (value ?? {}) as { code?: unknown; text?: unknown };
  return typeof code === 'number' && typeof text === 'string';
}
