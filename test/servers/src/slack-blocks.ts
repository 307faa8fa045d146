import type { SlackAttachment, SlackBlock } from './slack.ts'

const maxBlocks = 50
const maxAttachments = 100
const maxSectionText = 3000
const maxFields = 10
const maxFieldText = 2000
const maxContextElements = 10
const maxActionElements = 25
const maxButtonText = 75
const maxValue = 2000
const maxUrl = 3000
const maxActionId = 255
/** Not documented as such; more is refused as msg_blocks_too_long (slackapi/bolt-js#2509). */
const maxTotal = 13_000

/** What Slack would refuse in these attachments; undefined when it takes them. */
export function blockProblem(attachments: readonly SlackAttachment[]): string | undefined {
  if (attachments.length > maxAttachments) return `more than ${maxAttachments} attachments`
  const blocks = attachments.flatMap(({ blocks: own = [] }) => own)
  if (blocks.length > maxBlocks) return `more than ${maxBlocks} blocks`
  if (JSON.stringify(blocks).length > maxTotal) return 'msg_blocks_too_long'
  for (const block of blocks) {
    const problem = problemOf(block)
    if (problem !== undefined) return `${block.type}: ${problem}`
  }
  return undefined
}

function problemOf({ type, text, fields = [], elements = [] }: SlackBlock): string | undefined {
  switch (type) {
    case 'section':
      if (text === undefined && fields.length === 0) return 'must have text or fields'
      if (text !== undefined && !isWithin(text.text, maxSectionText)) return `text must be 1 to ${maxSectionText} characters`
      if (fields.length > maxFields) return `more than ${maxFields} fields`
      return fields.every((field) => isWithin(field.text, maxFieldText)) ? undefined : `a field must be 1 to ${maxFieldText} characters`
    case 'context':
      return elements.length < 1 || elements.length > maxContextElements ? `must have 1 to ${maxContextElements} elements` : undefined
    case 'actions':
      if (elements.length < 1 || elements.length > maxActionElements) return `must have 1 to ${maxActionElements} elements`
      return elements.map(buttonProblem).find((problem) => problem !== undefined)
    default:
      return 'unknown type'
  }
}

function buttonProblem(button: NonNullable<SlackBlock['elements']>[number]): string | undefined {
  const { text } = button as { text?: { type?: string; text?: string } }
  if (text?.type !== 'plain_text' || !isWithin(text.text ?? '', maxButtonText)) return 'the text of a button must be plain and short'
  if (!isWithin(button.action_id ?? '', maxActionId)) return 'bad action_id'
  if (button.value !== undefined && !isWithin(button.value, maxValue)) return 'bad value'
  return button.url === undefined || isWithin(button.url, maxUrl) ? undefined : 'bad url'
}

function isWithin(text: string, maxLength: number): boolean {
  return text.length >= 1 && text.length <= maxLength && text.isWellFormed()
}
