# What both machines have in common.

# Canonical's Ubuntu 24.04 LTS.
data "aws_ssm_parameter" "ami" {
  name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/${var.architecture}/hvm/ebs-gp3/ami-id"
}

locals {
  default_instance_type = var.architecture == "arm64" ? "t4g.small" : "t3.small"

  # What the user data of both roles needs to fetch its package.
  fetch = {
    for role, file in local.packages : role => {
      region  = var.region
      aws     = file("${path.module}/user-data/aws.sh")
      package = file
      url     = "https://${aws_s3_bucket.packages.bucket_regional_domain_name}/${file}"
      sha256  = filesha256("${local.packages_dir}/${file}")
    }
  }
}

data "aws_iam_policy_document" "ec2" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "machine" {
  for_each = local.packages

  name_prefix        = "vault-log-${replace(each.key, "_", "-")}-"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_instance_profile" "machine" {
  for_each = local.packages

  name_prefix = "vault-log-${replace(each.key, "_", "-")}-"
  role        = aws_iam_role.machine[each.key].name
}

resource "aws_iam_role_policy" "package" {
  for_each = local.packages

  name_prefix = "package-"
  role        = aws_iam_role.machine[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${aws_s3_bucket.packages.arn}/${each.value}"
    }]
  })
}
