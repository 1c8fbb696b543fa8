"""The names that OpenTelemetry instrumentations give to what an inference span says.

Sources: the GenAI semantic conventions from 1.26 on, OpenInference, OpenLLMetry and Langfuse.
"""

SPELLINGS: dict[str, tuple[str, ...]] = {
    "operation": (
        "gen_ai.operation.name", "openinference.span.kind", "langfuse.observation.type", "llm.request.type",
        "traceloop.span.kind",
    ),
    "response_id": ("gen_ai.response.id",),
    "user_id": (
        "user.id", "enduser.id", "langfuse.user.id", "gen_ai.user", "llm.user",
        "traceloop.association.properties.user_id",
    ),
    "session_id": (
        "gen_ai.conversation.id", "session.id", "langfuse.session.id", "traceloop.association.properties.session_id",
    ),
    "feature": (
        "gen_ai.agent.name", "gen_ai.workflow.name", "gen_ai.prompt.name", "traceloop.workflow.name", "service.name",
    ),
    "environment": ("deployment.environment.name", "deployment.environment", "langfuse.environment"),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "model": (
        "gen_ai.request.model", "llm.request.model", "llm.model_name", "embedding.model_name",
        "langfuse.observation.model.name",
    ),
    "bare_model": ("model",),
    "model_version": ("gen_ai.response.model", "llm.response.model"),
    "prompt_name": ("gen_ai.prompt.name", "langfuse.observation.prompt.name", "traceloop.prompt.key"),
    "prompt_version": (
        "gen_ai.prompt.version", "langfuse.observation.prompt.version", "llm.prompt_template.version",
        "traceloop.prompt.version",
    ),
    "service_tier": (
        "openai.response.service_tier", "gen_ai.openai.response.service_tier", "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ),
    "error_type": ("error.type",),
    "http_status": ("http.response.status_code", "http.status_code"),
    "finish_reason": (
        "gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.response.finish_reason",
        "gen_ai.response.stop_reason", "llm.response.stop_reason", "llm.finish_reason",
        "gen_ai.completion.0.finish_reason", "stop_reason",
    ),
    "ttft_s": ("gen_ai.response.time_to_first_chunk",),
    "ttft_ms": ("ttft_ms",),
    "input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt",
    ),
    "uncached_input_tokens": ("input_tokens",),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.cache_read_tokens", "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cache_read_input_tokens", "gen_ai.usage.input_cached_tokens",
        "llm.token_count.prompt_details.cache_read", "input_cached_tokens", "cache_read_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_tokens",
        "gen_ai.usage.details.cache_write_tokens", "gen_ai.usage.details.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write", "cache_creation_tokens",
    ),
    "cache_write_1h_tokens": ("gen_ai.usage.cache_creation.ephemeral_1h_input_tokens",),
    "output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
        "llm.token_count.completion", "output_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens", "gen_ai.usage.completion_details.reasoning",
        "llm.token_count.completion_details.reasoning",
    ),
    "cost_usd": ("gen_ai.usage.cost", "llm.cost.total"),
}  # fmt: skip
"""What an inference span says, and the attributes that say it, the best first."""
