# Not in the user data, which every user of the machine can read. It is in Terraform's state: keep that safe.
resource "aws_ssm_parameter" "slack_url" {
  count = nonsensitive(var.slack_notif_url == "") ? 0 : 1

  name  = "/vault-log-handler/${aws_iam_role.machine["log_server"].name}/slack-url"
  type  = "SecureString"
  value = var.slack_notif_url
}

resource "aws_iam_role_policy" "slack_url" {
  count = length(aws_ssm_parameter.slack_url)

  name_prefix = "slack-url-"
  role        = aws_iam_role.machine["log_server"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ssm:GetParameter"
      Resource = aws_ssm_parameter.slack_url[0].arn
    }]
  })
}

resource "aws_instance" "log_server" {
  ami                         = data.aws_ssm_parameter.ami.value
  instance_type               = coalesce(var.log_server_instance_type, local.default_instance_type)
  key_name                    = var.ec2_key_pair
  subnet_id                   = local.subnet_id
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.log_server.id]
  iam_instance_profile        = aws_iam_instance_profile.machine["log_server"].name

  user_data = templatefile("${path.module}/user-data/log-server.sh.tftpl", merge(local.fetch["log_server"], {
    slack_parameter = one(aws_ssm_parameter.slack_url[*].name)
    archive_bucket  = var.archive_bucket
  }))

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = var.log_server_volume_gib
    encrypted   = true
  }

  tags = { Name = "vault-log-server" }

  lifecycle {
    # A new image or user data makes no new machine, with the logs of the old one gone.
    ignore_changes = [ami, user_data]
  }

  # The first boot needs all of these.
  depends_on = [
    aws_s3_object.package,
    aws_iam_role_policy.package,
    aws_iam_role_policy.slack_url,
    aws_iam_role_policy.archive,
    aws_vpc_security_group_egress_rule.all,
  ]
}
