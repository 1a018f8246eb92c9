# FOR A DEMO ONLY: one node, one unseal key, kept with the root token in /root/vault-init.json.
resource "aws_instance" "vault_node" {
  ami                         = data.aws_ssm_parameter.ami.value
  instance_type               = coalesce(var.vault_instance_type, local.default_instance_type)
  key_name                    = var.ec2_key_pair
  subnet_id                   = local.subnet_id
  associate_public_ip_address = true
  vpc_security_group_ids      = [aws_security_group.vault_node.id]
  iam_instance_profile        = aws_iam_instance_profile.machine["vault_node"].name

  user_data = templatefile("${path.module}/user-data/vault-node.sh.tftpl", merge(local.fetch["vault_node"], {
    log_server = aws_instance.log_server.private_ip
    # https://www.hashicorp.com/trust/security, "Linux package checksum verification".
    hashicorp_key = "798AEC654E5C15428C8E42EEAA16FCBCA621E701"
  }))

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = var.vault_volume_gib
    encrypted   = true
  }

  tags = { Name = "vault-node" }

  lifecycle {
    ignore_changes = [ami, user_data]
  }

  depends_on = [
    aws_s3_object.package,
    aws_iam_role_policy.package,
    aws_vpc_security_group_egress_rule.all,
  ]
}
