import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agentWords, formatAgent } from '../../src/etclient/launchd-agent.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';

const LOG = '/Users/me/Library/Logs/everterm.work.log';

/** What a property list can have. */
const argument = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '&',
        '<',
        '>',
        '"',
        "'",
        '&amp;',
        ']]>',
        '</string>',
        '<!--',
        '\n',
        '\t',
        ' ',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''))
  .filter((word) => !/(?![\t\n\u007f-\u009f])\p{Cc}|[\ufffe\uffff]/u.test(word));

function agentOf(words: readonly string[]): string {
  return formatAgent({ name: 'work', words }, LOG);
}

test('what is listed is what was given', () => {
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 6 }), (words) => {
      expect(agentWords(agentOf(words))).toEqual(words);
    }),
    { numRuns: 1000 },
  );
  expect(agentWords('')).toBeUndefined();
});

test('the property list of a service', () => {
  expect(agentOf(['/usr/local/bin/node', '/opt/et/bin/et.js', '-N', '-o', 'A=<&>"', 'h'])).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>everterm.work</string>
  <key>ProgramArguments</key>
  <array>
    <string>/usr/local/bin/node</string>
    <string>/opt/et/bin/et.js</string>
    <string>-N</string>
    <string>-o</string>
    <string>A=&lt;&amp;&gt;"</string>
    <string>h</string>
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>StandardErrorPath</key>
  <string>${LOG}</string>
</dict>
</plist>
`,
  );
});

test.each(['\r', '\x1b', '\0', '\ufffe', '\ud800'])(
  'what XML cannot have is refused: %j',
  (odd) => {
    expect(() => agentOf(['/bin/node', `a${odd}`])).toThrow(/^launchd cannot be told "a/u);
  },
);

describeNeeding(['python3'], 'a reader of property lists', () => {
  const READ = `import json, plistlib, sys
print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))`;

  test('finds what was given', () => {
    const words = fc.sample(argument, { numRuns: 300, seed: 3 });
    const json = execFileSync(requireTool('python3'), ['-c', READ], {
      input: agentOf(words),
      encoding: 'utf8',
    });
    expect(JSON.parse(json)).toEqual({
      Label: 'everterm.work',
      ProgramArguments: words,
      RunAtLoad: true,
      KeepAlive: true,
      StandardErrorPath: LOG,
    });
  });
});
