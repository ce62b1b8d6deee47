import { strictTextOf, utf8 } from '../base/bytes.ts';
import type { Carrier } from '../link/carrier.ts';
import type { SessionStatus } from '../wire/session-status.ts';

/** What a user may ask of an own session server over its control socket: one JSON object a line, one in return. */
export interface QuestionHandler {
  status(): SessionStatus;
  kill(): void;
  /** Has clients leave; how many there were. */
  detach(): number;
  /** Keys for a client that the host has let in: the members of a reply of bootstrap. */
  attach(): object;
}

const MAX_LINE_BYTES = 4096;

/** Answers one carrier's questions until it ends. Only the owner reaches the socket: mode 0600 in a directory of mode 0700. */
export function answerQuestions(carrier: Carrier, handler: QuestionHandler): void {
  let line = '';
  carrier.start({
    onBytes: (bytes) => {
      line += strictTextOf(bytes) ?? '\n';
      if (line.length > MAX_LINE_BYTES) {
        carrier.reset();
        return;
      }
      for (let end = line.indexOf('\n'); end >= 0; end = line.indexOf('\n')) {
        const question = line.slice(0, end);
        line = line.slice(end + 1);
        carrier.write([utf8(`${JSON.stringify(answer(question, handler))}\n`)]);
      }
    },
    onClose: () => undefined,
  });
}

function answer(question: string, handler: QuestionHandler): object {
  switch (askOf(question)) {
    case 'status':
      return handler.status();
    case 'kill':
      handler.kill();
      return { killed: true };
    case 'detach':
      return { detached: handler.detach() };
    case 'attach':
      return handler.attach();
    default:
      return { error: 'questions are {"ask":"status"}, "kill", "detach" and "attach"' };
  }
}

function askOf(question: string): unknown {
  try {
    const parsed: unknown = JSON.parse(question);
    return typeof parsed === 'object' && parsed !== null && 'ask' in parsed
      ? parsed.ask
      : undefined;
  } catch {
    return undefined;
  }
}
