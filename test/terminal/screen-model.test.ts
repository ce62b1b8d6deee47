import { expect, test } from 'vitest';
import { ScreenModel } from '../../src/terminal/screen-model.ts';

test('x', async () => {
  const model = await ScreenModel.load({ columns: 20, rows: 5 });
  model.write(
    Buffer.from(
      'hello\r\n\x1b[31mred\x1b[0m\r\n0123456789012345678901234567890\r\n\x1b]0;t\x07\x1b[?1049h\x1b[5;5Hxx\x1b[?1000h\x1b[?25l',
    ),
  );
  await model.whenParsed();
  console.log(JSON.stringify(Buffer.from(model.paint()).toString()));
  expect(1).toBe(1);
});
