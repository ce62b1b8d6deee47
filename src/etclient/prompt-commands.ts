import { messageOf } from '../base/errors.ts';
import { PROMPT_HELP, parsePromptLine } from './cli/prompt-line.ts';
import { formatForwards } from './format-status.ts';
import type { ForwardAccess } from './forward-access.ts';

/** Does what was typed at the prompt of `~C`, and returns the lines to print. Never rejects. */
export async function runPromptLine(text: string, access: ForwardAccess): Promise<string[]> {
  try {
    const line = parsePromptLine(text);
    switch (line.kind) {
      case 'nothing':
        return [];
      case 'help':
        return [...PROMPT_HELP];
      case 'ls':
        return listForwards(access);
      case 'add': {
        const { live } = await access.need();
        return [`listens on ${(await live.add(line.flag, line.value)).join(', ')}`];
      }
      case 'rm': {
        const closed = access.current?.live.remove(line.flag, line.value);
        return [closed === undefined ? 'there are no forwards' : `closed ${closed.join(', ')}`];
      }
    }
  } catch (error) {
    return [`et: ${messageOf(error)}`];
  }
}

/** What `~#` prints. */
export function listForwards({ current }: Pick<ForwardAccess, 'current'>): string[] {
  const lines = formatForwards(current?.live.list() ?? []);
  return lines.length === 0 ? ['there are no forwards'] : lines;
}
