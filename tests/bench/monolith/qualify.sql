-- One conversion of the monolith as one statement. The caller has made all records beforehand: what is left is what only
-- the database can do. `p_account_…` is opened unless an account is found by one of its identities.
CREATE FUNCTION qualify_lead(
    p_request TEXT, p_qualification TEXT,
    p_lead TEXT, p_lead_version BIGINT, p_time BIGINT, p_lead_body BYTEA, p_lead_state BIGINT,
    p_account TEXT, p_account_body BYTEA, p_account_owner TEXT, p_account_company TEXT,
    p_account_kinds BIGINT[], p_account_values TEXT[],
    p_contact TEXT, p_contact_body BYTEA, p_contact_owner TEXT, p_contact_source BIGINT, p_contact_account TEXT,
    p_contact_kinds BIGINT[], p_contact_values TEXT[],
    p_opportunity TEXT, p_opportunity_body BYTEA, p_opportunity_state BIGINT, p_opportunity_stage TEXT,
    p_opportunity_owner TEXT, p_opportunity_source BIGINT, p_opportunity_account TEXT, p_opportunity_contact TEXT,
    p_currency TEXT, p_units BIGINT, p_nanos BIGINT,
    p_events_id TEXT, p_events BYTEA)
  RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
  claimed BIGINT;
BEGIN
  UPDATE lead.lead SET version = p_lead_version, update_time = p_time, body = p_lead_body, state = p_lead_state
    WHERE id = p_lead AND version = p_lead_version - 1 AND delete_time = 0;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lead is not as it was' USING ERRCODE = 'serialization_failure';
  END IF;
  INSERT INTO qualification.request (id, content, qualification_id) VALUES (p_request, p_lead, p_qualification);

  PERFORM FROM account.identity
    WHERE (kind, value) IN (SELECT * FROM unnest(p_account_kinds, p_account_values)) LIMIT 1;
  IF NOT FOUND THEN
    INSERT INTO account.identity (kind, value, record_id, former, first)
      SELECT wanted.kind, wanted.value, p_account, 0, 1
        FROM unnest(p_account_kinds, p_account_values) AS wanted (kind, value)
      ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS claimed = ROW_COUNT;
    -- None, if another conversion has opened this account since the look.
    IF claimed > 0 THEN
      INSERT INTO account.account (id, version, create_time, update_time, delete_time, body, owner, company)
        VALUES (p_account, 1, p_time, p_time, 0, p_account_body, p_account_owner, p_account_company);
    END IF;
  END IF;

  PERFORM FROM contact.identity
    WHERE (kind, value) IN (SELECT * FROM unnest(p_contact_kinds, p_contact_values)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the contact exists' USING ERRCODE = 'unique_violation';
  END IF;
  INSERT INTO contact.identity (kind, value, record_id, former, first)
    SELECT wanted.kind, wanted.value, p_contact, 0, 1
      FROM unnest(p_contact_kinds, p_contact_values) AS wanted (kind, value);
  INSERT INTO contact.contact (id, version, create_time, update_time, delete_time, body, owner, source, account)
    VALUES (p_contact, 1, p_time, p_time, 0, p_contact_body, p_contact_owner, p_contact_source, p_contact_account);

  INSERT INTO opportunity.opportunity (id, version, create_time, update_time, delete_time, body, state, stage, owner,
                                       source, account, contact, currency, amount_units, amount_nanos)
    VALUES (p_opportunity, 1, p_time, p_time, 0, p_opportunity_body, p_opportunity_state, p_opportunity_stage,
            p_opportunity_owner, p_opportunity_source, p_opportunity_account, p_opportunity_contact, p_currency, p_units,
            p_nanos);
  INSERT INTO events.outbox (slot, id, created_at, payload) VALUES (0, p_events_id, p_time, p_events);
  RETURN TRUE;
END
$$;
