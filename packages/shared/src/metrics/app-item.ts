/**
 * The wire form of what applications say, in the open groups `app_<job>`: one item per series,
 * `{metric, ...labels, value, rate_per_second}`. `metric` is the application's own name, its labels stand beside it as text, and its numbers
 * are as the application gives them: its percents stay percents.
 *
 * | what it is           | numbers of its item                                                           |
 * |----------------------|-------------------------------------------------------------------------------|
 * | gauge, info, state   | `value`                                                                       |
 * | counter              | `value`, `rate_per_second`                                                    |
 * | histogram, summary   | `count_total`, `sum_total`, `mean`, `rate_per_second` (of the count), `p50`, `p95`, `p99` or as configured |
 * | ratio of two metrics | `value`                                                                       |
 *
 * Null is a number that cannot be told: NaN, a rate without a page to compare with, the mean of no observations, all of a target that is down.
 */
const appFields: ReadonlySet<string> = new Set(['value', 'rate_per_second', 'count_total', 'sum_total', 'mean'])

/** Whether an item can have a number of this name. A label of an application with such a name becomes `exported_<name>`. */
export function isAppField(name: string): boolean {
  return appFields.has(name) || /^p\d{1,3}(?:_\d{1,9})?$/.test(name)
}

/** `p95` for 0.95, `p99_9` for 0.999. */
export function quantileField(quantile: number): string {
  return `p${Number((quantile * 100).toPrecision(12))}`.replace('.', '_')
}

/** What is listed to a person who named another one. */
export const appFieldsInWords = 'value, rate_per_second, count_total, sum_total, mean, or a quantile such as p95'
