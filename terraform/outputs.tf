output "syslog_instance_id" {
  value = aws_instance.log_server.id
}

output "syslog_public_ip" {
  value = aws_instance.log_server.public_ip
}

output "vault_instance_id" {
  value = aws_instance.vault_node.id
}

output "vault_public_ip" {
  value = aws_instance.vault_node.public_ip
}
