/** What the collector of this host says about a check. `unknown`: it does not answer, or cannot run the check. */
export interface Answer {
  kind: 'healthy' | 'failing' | 'unknown'
  reason: string
}
