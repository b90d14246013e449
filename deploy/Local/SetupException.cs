namespace Lakala.Local;

/// <summary>Something on this machine keeps the network from running. The message is for the operator and says what to do.</summary>
public sealed class SetupException(string message, Exception? inner = null) : Exception(message, inner);
