namespace Lakala.Storage.Terminals;

/// <summary>What operators ask of a terminal at its next free moment.</summary>
[Flags]
public enum AskedOf
{
    Nothing = 0,
    NewKeys = 1,
    NewParameters = 2,
    Status = 4,
}
