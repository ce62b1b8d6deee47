import { describe, expect, test } from 'vitest';
import { ShellFacts } from '../../src/terminal/shell-facts.ts';

const ESC = '\x1b';

function factsOf(...outputs: string[]): ShellFacts {
  const facts = new ShellFacts();
  for (const output of outputs) facts.push(Buffer.from(output, 'utf8'));
  return facts;
}

describe('what a shell says of itself', () => {
  test.each([
    ['', undefined],
    [`${ESC}]0;one\x07`, 'one'],
    [`${ESC}]2;two; three${ESC}\\`, 'two; three'],
    [`${ESC}]1;icon\x07`, undefined],
    [`${ESC}]0;é€\x07`, 'é€'],
    [`${ESC}]0;a\x07${ESC}]0;\x07`, ''],
    [`${ESC}]0;a\x07${ESC}[22;0t${ESC}]0;b\x07`, 'b'],
    [`${ESC}]0;a\x07${ESC}[22;0t${ESC}]0;b\x07${ESC}[23;0t`, 'a'],
    [`${ESC}]0;a\x07${ESC}[22;2t${ESC}]0;b\x07${ESC}[23t`, 'a'],
    [`${ESC}]0;a\x07${ESC}[22;1t${ESC}]0;b\x07${ESC}[23;1t`, 'b'],
    [`${ESC}]0;a\x07${ESC}[23;0t`, 'a'],
    [`${ESC}]0;${'é'.repeat(2000)}\x07`, 'é'.repeat(1024)],
  ])('title of %j', (output, title) => {
    expect(factsOf(output).title).toBe(title);
    expect(factsOf(...output.split('')).title).toBe(title);
  });

  test.each([
    [`${ESC}]7;file://host/home/anna\x07`, '/home/anna'],
    [`${ESC}]7;file:///tmp/a%20b%c3%a9\x07`, '/tmp/a bé'],
    [`${ESC}]7;file://host/é\x07`, '/é'],
    [`${ESC}]7;file://host\x07`, undefined],
    [`${ESC}]7;home/anna\x07`, undefined],
    [`${ESC}]7;http://host/x\x07`, undefined],
    [`${ESC}]7;file://h/%ff\x07`, undefined],
    [`${ESC}]7;file://h/${'d'.repeat(1023)}\x07`, `/${'d'.repeat(1023)}`],
    [`${ESC}]7;file://h/${'d'.repeat(1024)}\x07`, undefined],
    [`${ESC}]7;file://h/${'%64'.repeat(3000)}\x07`, undefined],
    [`${ESC}]7;file://h/a\x07${ESC}]7;\x07`, undefined],
  ])('directory of %j', (output, directory) => {
    expect(factsOf(output).cwd).toBe(directory);
  });

  test('keeps ten titles, and forgets the oldest', () => {
    let output = '';
    for (let index = 0; index < 20; index += 1) output += `${ESC}]0;${index}\x07${ESC}[22;0t`;
    const facts = factsOf(output);
    facts.push(Buffer.from(`${ESC}[23;0t`.repeat(9)));
    expect(facts.title).toBe('11');
    facts.push(Buffer.from(`${ESC}[23;0t`.repeat(9)));
    expect(facts.title).toBe('10');
  });

  test('knows where it is safe to stop, and when a program talks to a program', () => {
    expect(factsOf('text').isGround).toBe(true);
    expect(factsOf(`${ESC}[3`).isGround).toBe(false);
    expect(factsOf(`${ESC}P1000p%begin\r\n`).controlModeActive).toBe(true);
    expect(factsOf(`${ESC}P1000p%begin\r\n${ESC}\\`).controlModeActive).toBe(false);
  });
});
