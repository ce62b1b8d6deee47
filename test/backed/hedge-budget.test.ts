import { expect, test } from 'vitest';
import { HedgeBudget } from '../../src/backed/hedge-budget.ts';

test('the first doubts may waste 256 KiB, then bulk must wait', () => {
  const budget = new HedgeBudget();
  budget.wasted(262_143);
  expect(budget.hasAny).toBe(true);
  budget.wasted(1);
  expect(budget.hasAny).toBe(false);
});

test('whatever one doubt has wasted, later ones wait until 25 times as much was sent', () => {
  const budget = new HedgeBudget();
  budget.wasted(262_144 + 1_000_000);
  budget.sent(24_999_999);
  expect(budget.hasAny).toBe(false);
  budget.sent(10_000);
  expect(budget.hasAny).toBe(true);
});

test('a year without doubts saves up no more than there was in the beginning', () => {
  const budget = new HedgeBudget();
  budget.sent(1e15);
  budget.wasted(262_144);
  expect(budget.hasAny).toBe(false);
});
