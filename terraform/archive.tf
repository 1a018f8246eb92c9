# The archive of the logs, where archive_bucket names one.

locals {
  archive = var.archive_bucket == "" ? toset([]) : toset([var.archive_bucket])
}

resource "aws_s3_bucket" "archive" {
  for_each = local.archive

  bucket = each.value
}

resource "aws_s3_bucket_public_access_block" "archive" {
  for_each = local.archive

  bucket                  = aws_s3_bucket.archive[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "archive" {
  for_each = local.archive

  bucket = aws_s3_bucket.archive[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# They arrive in STANDARD_IA already: see the cron entry.
resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  for_each = local.archive

  bucket = aws_s3_bucket.archive[each.key].id

  rule {
    id     = "glacier"
    status = "Enabled"

    filter {}

    transition {
      days          = 90
      storage_class = "GLACIER"
    }
  }
}

# The log server adds, and takes nothing away: no s3:DeleteObject.
resource "aws_iam_role_policy" "archive" {
  for_each = local.archive

  name_prefix = "archive-"
  role        = aws_iam_role.machine["log_server"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.archive[each.key].arn
      },
      {
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "${aws_s3_bucket.archive[each.key].arn}/*"
      },
    ]
  })
}
