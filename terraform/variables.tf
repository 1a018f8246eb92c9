variable "region" {
  description = "The AWS region."
  type        = string
  default     = "us-east-1"
}

variable "vpc_id" {
  description = "The VPC of both machines. Its subnet must let them reach the internet, for packages and Slack."
  type        = string
}

variable "subnet_id" {
  description = "The subnet of both machines; null: any of the VPC's."
  type        = string
  default     = null
}

variable "ec2_key_pair" {
  description = "The name of the EC2 key pair for SSH."
  type        = string
}

variable "ssh_cidr_blocks" {
  description = "Who may connect by SSH, such as [\"198.51.100.7/32\"]. Nobody by default."
  type        = list(string)
  default     = []
}

variable "slack_notif_url" {
  description = "The URL of Slack's incoming webhook, a secret: set it as TF_VAR_slack_notif_url. Empty: alerts are only recorded."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = var.slack_notif_url == "" || startswith(var.slack_notif_url, "https://")
    error_message = "It must begin with https://."
  }
}

variable "architecture" {
  description = "arm64, or amd64 for x86. Of the log server's package there must be one for it."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "amd64"], var.architecture)
    error_message = "There are packages for arm64 and amd64."
  }
}

variable "log_server_instance_type" {
  description = "The log server's; null: t4g.small or t3.small."
  type        = string
  default     = null
}

variable "vault_instance_type" {
  description = "The Vault node's; null: t4g.small or t3.small."
  type        = string
  default     = null
}

variable "log_server_volume_gib" {
  description = "The log server's disk in GiB. Vault can write gigabytes of audit log a minute, and logrotate comes once a minute: set it high before a benchmark."
  type        = number
  default     = 20
}

variable "vault_volume_gib" {
  description = "The Vault node's disk in GiB: syslog-ng's buffers may take 5 of them while the log server is away."
  type        = number
  default     = 20
}

variable "archive_bucket" {
  description = "The name of an S3 bucket to make, for the archive of the logs. Empty: none."
  type        = string
  default     = ""
}

variable "packages_dir" {
  description = "The folder with the packages that `npm run package` has made; null: ../packages."
  type        = string
  default     = null
}
