import { strictTextOf, utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { Dial } from '../link/carrier.ts';
import { DialFailure } from '../link/dial-failure.ts';

/** A server that is alive answers at once; one that is stopped (SIGSTOP) never does. */
const ANSWER_WITHIN_MS = 2000;
const MAX_ANSWER_BYTES = 16_384;

/** `gone`: nobody listens there. `silent`: somebody listens and says nothing. */
export type Answer =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'gone' }
  | { readonly kind: 'silent' };

export type Question = 'status' | 'kill' | 'detach' | 'attach';

/** Asks one session server one question. */
export async function askSession(clock: Clock, dial: Dial, ask: Question): Promise<Answer> {
  let carrier: Awaited<ReturnType<Dial>>;
  try {
    carrier = await dial(new AbortController().signal);
  } catch (error) {
    // A listener with a full queue (EAGAIN), or no descriptor left here (EMFILE), proves nothing.
    const isGone = error instanceof DialFailure && error.kind === 'refused';
    return { kind: isGone ? 'gone' : 'silent' };
  }
  return new Promise((resolve) => {
    let text = '';
    const timer = clock.schedule(ANSWER_WITHIN_MS, () => finish({ kind: 'silent' }));
    const finish = (answer: Answer): void => {
      timer.cancel();
      carrier.reset();
      resolve(answer);
    };
    carrier.start({
      onBytes: (bytes) => {
        text += strictTextOf(bytes) ?? '';
        const end = text.indexOf('\n');
        if (end >= 0) finish({ kind: 'answer', value: parse(text.slice(0, end)) });
        else if (text.length > MAX_ANSWER_BYTES) finish({ kind: 'silent' });
      },
      onClose: () => finish({ kind: 'silent' }),
    });
    carrier.write([utf8(`${JSON.stringify({ ask })}\n`)]);
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
