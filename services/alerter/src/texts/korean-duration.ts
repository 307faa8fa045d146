const words: Readonly<Record<string, string>> = { ms: '밀리초', s: '초', m: '분', h: '시간', d: '일', w: '주' }

/** `1h30m` is `1시간 30분`; what is no length of time stays as it is. */
export function koreanDuration(text: string): string {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return text
  return [...text.matchAll(/([\d.]+)(ms|[smhdw])/g)].map(([, amount, unit]) => `${amount}${words[unit ?? ''] ?? ''}`).join(' ')
}
