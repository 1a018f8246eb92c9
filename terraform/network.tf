data "aws_subnets" "all" {
  filter {
    name   = "vpc-id"
    values = [var.vpc_id]
  }
}

locals {
  subnet_id = coalesce(var.subnet_id, sort(data.aws_subnets.all.ids)[0])

  # Audit entries and the server log.
  log_ports = { audit = 1515, messages = 1514 }
}

resource "aws_security_group" "log_server" {
  name_prefix = "vault-log-server-"
  description = "Log server: logs from the Vault node only"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "vault_node" {
  name_prefix = "vault-node-"
  description = "Vault node"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "logs" {
  for_each = local.log_ports

  security_group_id            = aws_security_group.log_server.id
  description                  = "${each.key} from the Vault node"
  referenced_security_group_id = aws_security_group.vault_node.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = {
    for pair in setproduct(["log_server", "vault_node"], var.ssh_cidr_blocks) :
    join(" ", pair) => { group = pair[0], cidr = pair[1] }
  }

  security_group_id = {
    log_server = aws_security_group.log_server.id
    vault_node = aws_security_group.vault_node.id
  }[each.value.group]
  description = "SSH"
  cidr_ipv4   = each.value.cidr
  ip_protocol = "tcp"
  from_port   = 22
  to_port     = 22
}

# Packages, Slack, AWS.
resource "aws_vpc_security_group_egress_rule" "all" {
  for_each = {
    log_server = aws_security_group.log_server.id
    vault_node = aws_security_group.vault_node.id
  }

  security_group_id = each.value
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
