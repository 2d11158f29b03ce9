"""What messages contain: texts without their disguises, contact details, codes in pictures."""
