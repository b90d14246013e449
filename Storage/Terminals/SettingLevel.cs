namespace Lakala.Storage.Terminals;

/// <summary>The levels of settings. Each inherits from the ones before it, member by member.</summary>
public enum SettingLevel
{
    Platform,
    Chain,
    Store,
    Terminal,
}
