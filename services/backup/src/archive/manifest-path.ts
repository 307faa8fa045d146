/** Where a snapshot says what it is of: kind of source, versions, what was counted. Restores of folders leave it out. */
export const manifestPath = '/.nightshift/manifest.json'
