import { envelope, labels } from './envelope.js'
import type { Message } from './notifier.js'
import { plainMessage } from './plain-message.js'

/** A topic's ARN has it as its fourth part. */
export interface SnsTopic {
  readonly arn: string
  readonly region: string
  /** First in, first out: its messages have a group and are known again for 5 minutes. */
  readonly isFifo: boolean
  /** Where its region is reached. */
  readonly host: string
}

/** Regions in China have a domain of their own. */
const domains: Readonly<Record<string, string>> = {
  aws: 'amazonaws.com',
  'aws-cn': 'amazonaws.com.cn',
  'aws-us-gov': 'amazonaws.com',
}

/** 256 KiB for everything (see API_MessageAttributeValue), less for attributes and subject. */
const maxMessageBytes = 262_144 - 2_048
/** "Less than 100" where AWS says most. */
const maxSubjectChars = 99

/** A topic of one of the partitions aws, aws-cn and aws-us-gov; undefined if it is none. */
export function snsTopic(arn: string): SnsTopic | undefined {
  const [, partition = '', region = '', name = ''] =
    /^arn:([a-z-]+):sns:([a-z]{2}(?:-[a-z]+)+-\d+):\d{12}:([\w-]{1,256}(?:\.fifo)?)$/.exec(
      arn,
    ) ?? []
  const domain = Object.hasOwn(domains, partition) ? domains[partition] : undefined
  return domain === undefined || name.length > 256
    ? undefined
    : { arn, region, isFifo: name.endsWith('.fifo'), host: `sns.${region}.${domain}` }
}

/**
 * The form that publishes a message on a topic
 * (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html): at most 262,144 bytes, decoded.
 * Throws a RangeError for several alerts, or none.
 */
export function snsPublishForm(message: Message, { arn, isFifo }: SnsTopic): string {
  const { id, severity, rule, log } = labels(message)
  const attributes = Object.entries({ severity, rule, log }).filter(
    (attribute): attribute is [string, string] => attribute[1] !== undefined,
  )
  const form = new URLSearchParams({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: arn,
    Subject: subject(plainMessage(message).subject),
    Message: envelope(message, maxMessageBytes),
    ...(isFifo && {
      MessageGroupId: log ?? 'digest',
      MessageDeduplicationId: id,
    }),
  })
  for (const [i, [name, value]] of attributes.entries()) {
    const entry = `MessageAttributes.entry.${i + 1}`
    form.append(`${entry}.Name`, name)
    form.append(`${entry}.Value.DataType`, 'String')
    form.append(`${entry}.Value.StringValue`, value)
  }
  return form.toString()
}

/** ASCII on one line; it begins with a severity. */
function subject(text: string): string {
  const ascii = text.replaceAll(/[^ -~]/gu, '?')
  return ascii.length > maxSubjectChars
    ? `${ascii.slice(0, maxSubjectChars - 3)}...`
    : ascii
}
