namespace Lakala.Local;

/// <summary>The network cannot run on this machine. The message says the operator what to do.</summary>
public sealed class SetupException(string message, Exception? inner = null) : Exception(message, inner);
